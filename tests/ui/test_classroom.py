"""A room from outside: nothing is answered before the code, and pages follow their teacher."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from urllib.parse import quote, urlencode

import gradio_client
import pytest
from fastapi.routing import iter_route_contexts
from gradio_client.exceptions import AppError

from lab.recipe import Recipe
from lab.recipe.lesson import load_lesson
from lab.report.text import catalogue
from lab.serve.classroom.classroom import Classroom
from lab.serve.classroom.codes import Slowdown
from lab.serve.classroom.state import State
from lab.serve.rules import Limits
from tests.ui import walk
from tests.ui.conftest import Served, serve
from tests.ui.fake_engine import FakeEngine
from tests.ui.test_door import ask

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEACH = ("/teacher", "/de/teacher")


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The page of a room; its ``Classroom`` is at ``engine.room``."""
    folder = tmp_path_factory.mktemp("room")
    engine = FakeEngine(folder, pace=0.02)
    engine.rights.alone = False
    engine.room = Classroom(folder / "room.json", engine)
    yield from serve(engine, 60_000, room=engine.room, days=7)


def visit(url: str) -> dict[str, str]:
    """The cookie of somebody new."""
    return {"Cookie": ask(url, "GET", "/config")[1]["set-cookie"].split(";")[0]}


def enter(
    lesson: Served, secret: str, name: str, cookie: dict[str, str], at: str = "", **more: str
):
    form = urlencode({"secret": secret, "name": name, **more})
    return ask(lesson.url, "POST", f"{at}/enter", form, {**FORM, **cookie})


def entered(lesson: Served, name: str) -> dict[str, str]:
    cookie = visit(lesson.url)
    assert enter(lesson, lesson.engine.room.state.code, name, cookie)[0] == 303
    return cookie


def teacher(lesson: Served) -> dict[str, str]:
    cookie = visit(lesson.url)
    key = {"key": lesson.engine.room.state.key}
    assert ask(lesson.url, "POST", "/teacher/enter", key, cookie)[0] == 200
    return cookie


def do(lesson: Served, cookie: dict[str, str], **given: object) -> tuple[int, str]:
    return ask(lesson.url, "POST", "/teacher/do", given, cookie)[::2]


def every_route(app) -> set[tuple[str, str]]:
    """Each method and path that the app answers at, also of the pages mounted in it."""

    def within(routes, before: str):
        for route in iter_route_contexts(routes):  # also those of routers that are included
            path = before + getattr(route, "path", "")
            inner = getattr(route, "routes", None) or getattr(
                getattr(route, "app", None), "routes", None
            )
            if inner:
                yield from within(inner, path)
            methods = (route.methods or ("GET",)) if not inner else ()
            for method in methods:
                yield method, re.sub(r"\{[^}]*\}", "x", path) or "/"

    return set(within(app.routes, ""))


def test_no_route_answers_before_the_code(tmp_path) -> None:
    from lab.ui import page
    from tests.ui.conftest import free_port

    engine = FakeEngine(tmp_path)
    room = Classroom(tmp_path / "room.json", engine)
    demo = page.launch(
        engine, port=free_port(), room=room, days=7, prevent_thread_lock=True, quiet=True
    )
    try:
        routes = every_route(demo.app)
        assert len(routes) > 60 and ("GET", "/de/gradio_api/info") in routes, sorted(routes)
        routes |= {("GET", f"{at}/gradio_api/{p}") for at in ("", "/de") for p in API}
        routes |= {("POST", f"{at}/gradio_api/call/status") for at in ("", "/de")}
        routes |= {("GET", "/gradio_api/mcp/"), ("POST", "/gradio_api/mcp/"), ("PUT", "/")}
        secrets = (room.state.code, room.state.key, engine.people[0].name, "gradio-app")
        passed = set()
        for method, path in sorted(routes):
            code, headers, words = ask(
                demo.local_url, method, path, "{}" if method == "POST" else None
            )
            assert not [s for s in secrets if s in words], (method, path)
            assert headers["x-frame-options"] == "DENY"
            if code not in (401, 403, 404, 405, 411):
                passed.add((method, path, code))
        entry = {(m, p) for m in ("GET", "HEAD") for p in ("/", "/de", "/de/", *TEACH)}
        entry |= {("GET", f"{at}/gradio_api/startup-events") for at in ("", "/de")}  # says true
        assert {(m, p) for m, p, _ in passed} <= entry, passed
        assert ("GET", "/", 200) in passed
        assert ask(demo.local_url, "GET", "/healthz")[0] == 200  # says no more than that it is well
        assert ask(demo.local_url, "GET", "/metrics")[0] == 401
    finally:
        demo.close()


API = (
    "info",
    "queue/data?session_hash=x",
    "file=/etc/passwd",
    "theme.css",
    "heartbeat/x",
    "app_id",
)


@pytest.mark.parametrize("trusted", [True, False])
def test_wrong_codes_are_counted_by_the_address_that_a_trusted_proxy_gives(
    tmp_path, monkeypatch, trusted: bool
) -> None:
    if not trusted:  # the proxy is elsewhere: who asks from this machine may say what they like
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.1")
    engine = FakeEngine(tmp_path)
    room = Classroom(tmp_path / "room.json", engine)
    room._slow = Slowdown(each=2, each_seconds=600)
    with contextmanager(serve)(engine, 60_000, room=room, days=7) as served:
        cookie = visit(served.url)

        def slowed(address: str) -> bool:
            form = urlencode({"secret": "wrong", "name": "Ada"})
            heads = {**FORM, **cookie, "X-Forwarded-For": address}
            code, _, words = ask(served.url, "POST", "/enter", form, heads)
            assert code == 403
            return "too many wrong tries" in words

        assert [slowed("203.0.113.1") for _ in range(3)] == [False, False, True]
        assert slowed("203.0.113.2") is not trusted


def test_the_entry_is_in_the_visitors_language_and_leads_back_to_the_link(lesson) -> None:
    english = ask(lesson.url, "GET", "/?lesson=first&entity=%22%3E%3Cb%3E")[2]
    german = ask(lesson.url, "GET", "/?lang=de")[2]
    assert 'lang="en"' in english and catalogue().ROOM_CODE in english and "7 days" in english
    assert 'lang="de"' in german and catalogue("de").ROOM_NICKNAME in german
    assert "<b>" not in english and "lesson=first" in english
    cookie = visit(lesson.url)
    code, headers, words = enter(lesson, "wrong", "<Ada>", cookie, at="/de")
    assert code == 403 and catalogue("de").CORE["odd_nickname"] in words and "<Ada>" not in words
    code, _, words = enter(lesson, "wrong", "Ada", cookie)
    assert code == 403 and 'role="alert"' in words and "this is not right" in words
    right = lesson.engine.room.state.code
    code, headers, _ = enter(lesson, right, "Ada", cookie, query="lesson=first&a=//evil.example")
    assert code == 303 and headers["location"] == "/?lesson=first&a=%2F%2Fevil.example"
    assert "<gradio-app" in ask(lesson.url, "GET", "/", headers=cookie)[2]
    assert ask(lesson.url, "GET", "/enter", headers=cookie)[0] == 303
    assert ask(lesson.url, "POST", "/enter", "x" * 5000, {**FORM, **cookie})[0] == 403


def test_another_site_cannot_enter_or_act(lesson) -> None:
    there = {"Origin": "http://evil.example.org"}
    for path in ("/enter", "/teacher/enter", "/teacher/do"):
        assert ask(lesson.url, "POST", path, "", there)[0] == 403
    mine = teacher(lesson)
    words = json.dumps({"act": "say", "words": "hello"})
    plain = {**mine, "Content-Type": "text/plain"}  # what a form of another site can send
    assert ask(lesson.url, "POST", "/teacher/do", words, plain)[0] == 400
    assert ask(lesson.url, "GET", f"/teacher/do?act=say&words={quote('hello')}", headers=mine)[
        0
    ] in (
        404,
        405,
    )
    assert lesson.engine.room.state.messages == ()


def test_the_teachers_routes_are_the_teachers(lesson) -> None:
    ada, mine = entered(lesson, "Bea"), teacher(lesson)
    for path in ("/teacher/live", "/teacher/runs.csv", "/teacher/report.html", "/de/teacher/live"):
        assert ask(lesson.url, "GET", path, headers=ada)[0] == 403
        assert ask(lesson.url, "GET", path, headers=mine)[0] == 200
    assert do(lesson, ada, act="pause", on="yes")[0] == 403 and not lesson.engine.steer.paused
    page = ask(lesson.url, "GET", "/teacher", headers=ada)[2]
    assert lesson.engine.room.state.code not in page and 'id="key-form"' in page
    page = ask(lesson.url, "GET", "/teacher", headers=mine)[2]
    assert lesson.engine.room.state.code in page and lesson.engine.room.state.key not in page
    assert ask(lesson.url, "POST", "/teacher/enter", {"key": "guess"}, ada)[0] == 403
    assert do(lesson, mine, act="explode")[0] == 400


def test_the_teacher_steers_the_room(lesson) -> None:
    room, engine, mine = lesson.engine.room, lesson.engine, teacher(lesson)
    good = [
        {"act": "pause", "on": "yes"},
        {"act": "pause", "on": "no"},
        {"act": "say", "words": "Look at <b>this</b>"},
        {"act": "time", "minutes": "5"},
        {"act": "set", "key": "method", "value": "manu", "how": "lock"},
        {"act": "set", "key": "steps", "value": "7", "how": "preset"},
        {"act": "set", "key": "attack.steps", "value": "3", "how": "lock"},
        {"act": "strength", "strength": "Gentle", "how": "lock"},
        {"act": "unset", "key": "prune_share"},
        {"act": "steps", "open": ["2", "3", "4"]},
        {"act": "people", "people": ["p01", "p02"]},
        {"act": "bring", "step": "4", "run": ""},
        {"act": "let_go"},
    ]
    for given in good:
        assert do(lesson, mine, **given)[0] == 200, given
    state: State = room.state
    gentle = {"lr": 6e-5, "stop_forget": 0.3, "steps": 20}
    assert state.limits.locked == {"method": "manu", "attack.steps": 3, **gentle}
    assert state.limits.closed == (5,) and state.limits.people == ("p01", "p02")
    assert state.look is None and 290 < state.ends - time.time() <= 300
    live = json.loads(ask(lesson.url, "GET", "/teacher/live?stuck=3", headers=mine)[2])
    assert "&lt;b&gt;this" in live["now"] and "<b>" not in live["now"]
    assert "Step 5: Attack steps: locked to 3" in live["set"]
    assert '<option value="attack.share">' in ask(lesson.url, "GET", "/teacher", headers=mine)[2]
    assert "locked to manu" in live["set"] and "5 Attack" in live["set"]
    for given in (
        {"act": "set", "key": "nothing", "value": "1", "how": "lock"},
        {"act": "set", "key": "steps", "value": "many", "how": "lock"},
        {"act": "set", "key": "attack.nothing", "value": "1", "how": "lock"},
        {"act": "set", "key": "attack.scope", "value": "everything", "how": "preset"},
        {"act": "set", "key": "entity", "value": "p01", "how": "lock"},
        {"act": "people", "people": ["nobody"]},
        {"act": "time", "minutes": "nan"},
        {"act": "first", "run": {"a": 1}, "x": [1]},
    ):
        code, words = do(lesson, mine, **given)
        assert (code == 400 and "detail" in json.loads(words)) or given["act"] == "first", given
    for given in ({"act": "people", "people": []}, {"act": "steps", "open": list("2345")}):
        assert do(lesson, mine, **given)[0] == 200
    for key in list(room.state.limits.locked) + list(room.state.limits.preset):
        do(lesson, mine, act="unset", key=key)
    do(lesson, mine, act="say", words="")
    do(lesson, mine, act="time", minutes="0")
    assert room.state.limits == type(room.state.limits)() and engine.rules.now == room.state.limits


def test_a_script_enters_with_the_code_and_meets_the_locks(lesson) -> None:
    with pytest.raises(Exception, match="credentials were not provided"):
        gradio_client.Client(lesson.url, verbose=False)
    mine, cookie = teacher(lesson), entered(lesson, "Script")
    client = gradio_client.Client(lesson.url, verbose=False, headers=cookie)
    do(lesson, mine, act="set", key="method", value="manu", how="lock")
    with pytest.raises(AppError, match="your teacher has set method to manu"):
        client.predict("p01", {}, api_name="/submit")
    run = client.predict("p01", {"method": "manu", "steps": 2}, api_name="/submit")
    do(lesson, mine, act="unset", key="method")
    while lesson.engine.run(run).state != "finished":
        time.sleep(0.02)
    do(lesson, mine, act="set", key="attack.steps", value="2", how="lock")
    with pytest.raises(AppError, match="your teacher has set attack.steps to 2"):
        client.predict(run, {}, api_name="/attack")
    assert client.predict(run, {"steps": 2}, api_name="/attack")
    do(lesson, mine, act="unset", key="attack.steps")
    assert lesson.engine.run(run).owner == lesson.engine._visitors[run]
    with pytest.raises(AppError, match="closed step 3"):
        do(lesson, mine, act="steps", open=["2", "4", "5"])
        client.predict("p01", {}, api_name="/submit")
    do(lesson, mine, act="steps", open=list("2345"))


@pytest.fixture
def tab(browser, lesson):
    """A fresh browser of somebody who has not entered; what must not happen is collected."""
    context = browser.new_context(reduced_motion="reduce")
    page, faults = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: "Content Security" in m.text and faults.append(m.text))
    yield page
    context.close()
    assert faults == []


def come_in(tab, lesson: Served, name: str) -> None:
    tab.goto(lesson.url)
    tab.locator("#secret").fill(lesson.engine.room.state.code.lower())
    tab.locator("#name").fill(name)
    tab.keyboard.press("Enter")
    tab.wait_for_function("window.lab?.ready")


@pytest.mark.ui
def test_one_enters_with_the_code_and_a_nickname_by_keyboard(lesson, tab) -> None:
    tab.goto(f"{lesson.url}/?lang=de")
    assert tab.locator("#secret").evaluate("e => document.activeElement === e")
    tab.keyboard.type("ZZZZZZ")
    tab.keyboard.press("Tab")
    tab.keyboard.type("Zoë")
    tab.keyboard.press("Enter")
    tab.locator("#wrong").wait_for()
    assert tab.locator("html").get_attribute("lang") == "de"
    assert tab.locator("#name").input_value() == "Zoë"
    tab.locator("#secret").fill(lesson.engine.room.state.code)
    tab.keyboard.press("Enter")
    tab.wait_for_function("window.lab?.ready")
    assert "Zoë" in [p.nickname for p in lesson.engine.room.state.people]
    who = next(p.visitor for p in lesson.engine.room.state.people if p.nickname == "Zoë")
    walk.until(tab, lambda: lesson.engine.room.presence(who) is not None)
    assert lesson.engine.room.presence(who).step == 1


@pytest.mark.ui
def test_a_page_follows_its_teacher(lesson, tab, browser) -> None:
    context = browser.new_context()
    mine, faults = context.new_page(), []
    mine.set_default_timeout(60_000)
    mine.on("pageerror", lambda error: faults.append(str(error)))
    mine.goto(f"{lesson.url}/teacher#{lesson.engine.room.state.key}")
    mine.locator("[data-live=people]").wait_for(state="attached")
    assert "#" not in mine.url
    come_in(tab, lesson, "Nora")
    mine.get_by_role("cell", name="Nora", exact=True).wait_for()
    # a method is locked: the page takes it over, and cannot change it
    mine.locator("#value-method").select_option("manu")
    mine.locator("#set-method button").click()
    mine.get_by_text("locked to manu", exact=False).wait_for()
    walk.step(tab, 3)
    tab.wait_for_function(
        "[...document.querySelectorAll('#forget-settings input')].some(i => i.value === 'manu' && i.disabled)"
    )
    # so is a setting of the attack
    mine.locator("#key").select_option("attack.kind")
    mine.locator("#value-other").fill("facts")
    mine.locator("form", has=mine.locator("#value-other")).locator("button").click()
    mine.get_by_text("locked to facts", exact=False).wait_for()
    walk.step(tab, 5)
    kinds = "[...document.querySelectorAll('#attack-kind input')]"
    tab.wait_for_function(f"{kinds}.some(i => i.value === 'facts' && i.checked && i.disabled)")
    # everybody looks at a run of somebody else, with a message
    run = lesson.engine.submit(Recipe(entity="p04", method="manu", steps=3), "unlearn", "somebody")
    walk.until(tab, lambda: lesson.engine.run(run).state == "finished")
    lesson.engine.room.bring("", 4, run)
    tab.wait_for_selector("#idea-4 h2")
    walk.until(tab, lambda: lesson.engine.people[4].name in tab.locator("#person").inner_text())
    mine.locator("#words").fill("Read <i>the</i> answers")
    mine.get_by_role("button", name="Send").click()
    tab.get_by_text("Your teacher says: Read <i>the</i> answers").wait_for()
    brought = tab.locator("#room p", has_text="brings everybody here")
    brought.get_by_role("button", name="Close").click()
    brought.wait_for(state="detached")
    # step 5 is closed; whoever is in step 4 stays
    mine.locator("input[name=open][value='5']").uncheck()
    mine.locator("form[data-form=steps] button").click()
    walk.until(tab, lambda: tab.get_by_role("tab", name="5 Attack").is_disabled())
    assert tab.locator("#idea-4 h2").is_visible()
    # a prediction is counted, without a name
    walk.step(tab, 1)
    tab.locator("#predict-1 input").first.check()
    mine.locator("[data-live=predicted] table").wait_for()
    assert "Nora" not in mine.locator("[data-live=predicted]").inner_text()
    context.close()
    lesson.engine.room.let_go("")  # or whoever comes later is brought to step 4
    lesson.engine.room.limit("", type(lesson.engine.room.state.limits)())
    assert faults == []


@pytest.mark.ui
def test_no_other_control_changes_what_the_teacher_has_locked(lesson, tab) -> None:
    """The run would be refused, and the field that holds the wrong value could not be changed."""
    room, patience = lesson.engine.room, lesson.patience
    pruned = "[...document.querySelectorAll('#settings input[type=number]')]"
    room.limit("", Limits(locked={"prune_share": 0.04}))
    come_in(tab, lesson, "Otto")
    walk.step(tab, 3)
    tab.locator("#settings > button").click()
    tab.wait_for_function(f"{pruned}.some(i => Number(i.value) === 0.04 && i.disabled)")
    walk.step(tab, 1)
    walk.pick(tab)
    walk.look_inside(tab, patience)
    walk.go_unlearn(tab)
    walk.unlearn(tab, patience)
    # a strength is no way around what it does not name
    room.limit("", Limits(locked={"seed": 7}))
    tab.wait_for_function(f"{pruned}.some(i => Number(i.value) === 7 && i.disabled)")
    tab.get_by_label("Gentle").check()
    tab.wait_for_function(f"{pruned}.some(i => Number(i.value) === 6e-5)")
    assert tab.evaluate(f"{pruned}.some(i => Number(i.value) === 7 && i.disabled)")
    room.limit("", Limits())


@pytest.mark.ui
def test_what_the_teacher_has_locked_stands_against_a_lesson_and_presets_fill_nothing_locked(
    lesson, tab
) -> None:
    room = lesson.engine.room
    numbers = "[...document.querySelectorAll('#settings input[type=number]')]"
    method = "[...document.querySelectorAll('#forget-settings input')]"
    wanted = load_lesson("parts-of-vkd")
    assert {*wanted.recipe} >= {"method", "seed"} and {*wanted.locked} >= {"method", "seed"}
    room.limit("", Limits(locked={"seed": 7}, preset={"method": "manu"}))
    come_in(tab, lesson, "Ruth")
    tab.goto(lesson.url + "?lesson=parts-of-vkd")
    tab.wait_for_selector("#idea-1 .lab-lesson h3")
    walk.step(tab, 3)
    tab.locator("#settings > button").click()
    tab.wait_for_function(f"{method}.some(i => i.value === 'vkd' && i.disabled)")
    tab.wait_for_function(f"{numbers}.some(i => Number(i.value) === 7 && i.disabled)")
    # the room says it again, as at every change
    room.limit("", Limits(locked={"seed": 8}, preset={"method": "manu"}))
    tab.wait_for_function(f"{numbers}.some(i => Number(i.value) === 8 && i.disabled)")
    assert tab.evaluate(f"{method}.some(i => i.value === 'vkd' && i.disabled)")
    room.limit("", Limits())


@pytest.mark.ui
def test_the_keyboard_skips_faces_that_the_teacher_has_taken_out(lesson, tab) -> None:
    room, faces = lesson.engine.room, "[...document.querySelectorAll('#people button[data-id]')]"
    room.limit("", Limits(people=("p03", "p07")))
    come_in(tab, lesson, "Pia")
    reached = f"{faces}.filter((b) => b.tabIndex === 0).map((b) => b.dataset.id).join()"
    tab.wait_for_function(f"{reached} === 'p03'")

    tab.locator("#people button[data-id=p03]").focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.activeElement.dataset.id === 'p07'")
    tab.keyboard.press("Home")
    tab.wait_for_function("document.activeElement.dataset.id === 'p03'")
    room.limit("", Limits())
