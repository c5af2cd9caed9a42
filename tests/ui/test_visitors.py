"""Visitors: the cookie, and what two browsers see of each other."""

import http.client
import re
from pathlib import Path
from urllib.parse import urlsplit

import gradio_client
import pytest
from gradio_client.exceptions import AppError

from lab.benchmarks.own import Pair
from lab.errors import LabError
from lab.recipe import Recipe
from lab.report.text import catalogue
from lab.ui.visitors import KEY, Visitors
from tests.ui import walk
from tests.ui.conftest import serve
from tests.ui.fake_engine import FakeEngine, portrait
from tests.ui.test_door import ask
from tests.ui.test_own_person import fill


def test_a_cookie_is_read_by_the_lab_that_made_it_alone(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    lab, other = Visitors(tmp_path), Visitors(tmp_path / "other")
    value = lab.new()
    visitor = lab.read(value)
    assert len(visitor) == 32 and int(visitor, 16) and lab.new() != value
    assert Visitors(tmp_path).read(value) == visitor  # after a restart, too
    assert other.read(value) == "" and other.cookie != lab.cookie
    forged = (
        "",
        ".",
        visitor,
        f"{visitor}.",
        f"{'0' * 32}.{value.split('.')[1]}",
        value[:-1],
        "ü.ü",
    )
    assert [lab.read(wrong) for wrong in forged] == [""] * len(forged)
    header = f"theme=dark; {lab.cookie}=wrong; {lab.cookie}={value}"
    assert lab.sent(header) == value and lab.sent("") == lab.sent(f"x{lab.cookie}={value}") == ""


def test_the_secret_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    Visitors(tmp_path)
    key = (tmp_path / KEY).read_text()
    assert len(bytes.fromhex(key)) == 32 and (tmp_path / KEY).stat().st_mode & 0o777 == 0o600
    Visitors(tmp_path)
    assert (tmp_path / KEY).read_text() == key and [p.name for p in tmp_path.iterdir()] == [KEY]
    for broken in ("", "ab", "not hex"):
        (tmp_path / KEY).write_text(broken)
        with pytest.raises(LabError, match="delete it, and it is made anew"):
            Visitors(tmp_path)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """The page of a room: an engine that others can reach."""
    engine = FakeEngine(tmp_path_factory.mktemp("room"), pace=0.02)
    engine.rights.alone = False
    yield from serve(engine, 60_000)


def test_the_first_answer_brings_the_cookie_and_a_page_renews_it(room):
    _, headers, _ = ask(room.url, "GET", "/config")
    said = headers["set-cookie"]
    assert "HttpOnly" in said and "SameSite=lax" in said and "Path=/" in said
    assert "Secure" not in said
    mine = {"Cookie": said.split(";")[0]}
    assert "set-cookie" not in ask(room.url, "GET", "/config", headers=mine)[1]
    page = ask(room.url, "GET", "/", headers=mine)[1]["set-cookie"]
    assert page.split(";")[0] == mine["Cookie"]
    forged = {"Cookie": mine["Cookie"][:-1] + "x"}
    assert ask(room.url, "GET", "/config", headers=forged)[1]["set-cookie"] != said
    behind = {"X-Forwarded-Proto": "https"}
    assert "Secure" in ask(room.url, "GET", "/config", headers=behind)[1]["set-cookie"]


DOORS = {
    "/result": (),
    "/stop": (),
    "/move": (True,),
    "/edit": ({"steps": 3},),
    "/share": (True,),
}


def test_the_doors_of_the_api_ask_whose_a_run_is(room):
    ada, bo = (gradio_client.Client(room.url, verbose=False) for _ in range(2))
    run = ada.predict("p01", {"steps": 900}, api_name="/submit")
    for door, more in DOORS.items():
        with pytest.raises(AppError, match="belongs to another visitor"):
            bo.predict(run, *more, api_name=door)
    assert ada.predict(run, api_name="/result")["state"] in ("waiting", "running")
    assert ada.predict(run, True, api_name="/share") is True
    assert bo.predict(run, api_name="/result")["state"] in ("waiting", "running")
    with pytest.raises(AppError, match="only they can stop it"):
        bo.predict(run, api_name="/stop")
    visitor = room.engine._visitors[run]
    room.engine.rights.teachers = frozenset(
        {room.engine._visitors[bo.predict("p02", {}, api_name="/submit")]}
    )
    assert bo.predict(run, api_name="/stop") and len(visitor) == 32
    room.engine.rights.teachers = frozenset()
    with pytest.raises(AppError, match="earlier must be true or false, not str"):
        ada.predict(run, "yes", api_name="/move")


def test_an_upload_is_fetched_by_its_sender_alone(room):
    def cookie() -> dict[str, str]:
        return {"Cookie": ask(room.url, "GET", "/config")[1]["set-cookie"].split(";")[0]}

    ada, bo = cookie(), cookie()
    line = http.client.HTTPConnection(urlsplit(room.url).netloc, timeout=20)
    body = '--e\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nx\r\n--e--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=e"}
    line.request("POST", "/gradio_api/upload", body, {**ada, **kind})
    path = line.getresponse().read().decode().strip('[]"')
    line.close()
    assert len(Path(path).parent.name) == len("sent-") + 32
    for spelling in (path, f"/{path}", path.replace("/sent-", "/./sent-")):
        found = [
            ask(room.url, "GET", f"/gradio_api/file={spelling}", headers=h)[0] for h in (ada, bo)
        ]
        assert found in ([200, 404], [403, 404], [404, 404]), spelling
    assert ask(room.url, "GET", f"/gradio_api/file={path}", headers=ada)[0] == 200


def test_the_people_of_a_script_are_those_that_its_visitor_may_see(room):
    ada, bo = (gradio_client.Client(room.url, verbose=False) for _ in range(2))
    visitor = room.engine._visitors[ada.predict("p01", {"steps": 1}, api_name="/submit")]
    views = [portrait(90, view) for view in range(3)]
    eva = room.engine.own.add("Eva Ek", views, [Pair("What is her job?", "diver")], visitor)
    listed = [[p["id"] for p in who.predict(api_name="/entities")] for who in (ada, bo)]
    assert [eva in ids for ids in listed] == [True, False] and listed[0][1:] == listed[1]
    with pytest.raises(AppError, match="unknown entity"):
        bo.predict(eva, {}, api_name="/submit")
    room.engine.own.share(eva, True, visitor)
    assert eva in [p["id"] for p in bo.predict(api_name="/entities")]
    run = bo.predict(eva, {"steps": 1}, api_name="/submit")
    assert room.engine.run(run).owner not in ("", visitor)
    room.engine.own.share(eva, False, visitor)
    assert eva not in [p["id"] for p in bo.predict(api_name="/entities")]
    room.engine.own.remove(eva, visitor)


@pytest.fixture
def two(browser, room):
    """Two browsers."""
    contexts = [browser.new_context(reduced_motion="reduce") for _ in range(2)]
    tabs = []
    for context in contexts:
        tab = context.new_page()
        tab.set_default_timeout(60_000)
        tab.goto(room.url)
        tab.wait_for_function("window.lab?.ready")
        tabs.append(tab)
    yield tabs
    for context in contexts:
        context.close()


@pytest.mark.ui
def test_a_person_is_shared_by_a_tick_and_others_can_only_use_them(room, two, tmp_path):
    ada, bo = two
    files = [tmp_path / f"{view}.jpg" for view in range(3)]
    for view, file in enumerate(files):
        file.write_bytes(portrait(91, view))
    ada.get_by_role("button", name=catalogue().OWN).click()
    fill(ada, "Eva Ek", "What is her job? | diver", [str(file) for file in files])
    ada.locator("#own-add").click()
    ada.wait_for_function("document.querySelector('#card h2')?.innerText === 'Eva Ek'")
    eva = next(p.id for p in room.engine.people if p.questions)
    ada.locator("#own-share input").check()
    walk.until(ada, lambda: room.engine.rights.whose(eva).shared)
    bo.reload()
    bo.get_by_text("Eva Ek (shared)").click()
    bo.wait_for_function("document.querySelector('#card h2')?.innerText === 'Eva Ek'")
    bo.locator("#own-questions table").wait_for()
    assert not bo.locator("#own-share").count() and not bo.locator("#own-remove").count()
    ada.locator("#own-share input").uncheck()
    walk.until(ada, lambda: not room.engine.rights.whose(eva).shared)
    bo.reload()
    bo.wait_for_function("window.lab?.ready")
    bo.get_by_text("Eva Ek (shared)").wait_for(state="detached")
    room.engine.own.remove(eva)


@pytest.mark.ui
def test_two_browsers_are_two_visitors_and_each_has_its_own_runs(room, two):
    ada, bo = two
    room.engine.hold_at = 3
    before = {r.id for r in room.engine.runs()}
    for tab, index in ((ada, 3), (bo, 4)):
        walk.pick(tab, index=index)
        tab.locator("#run-it").click()
        walk.until(tab, lambda n=index: len({r.id for r in room.engine.runs()} - before) == n - 2)
    new = [r.id for r in room.engine.runs() if r.id not in before]
    owners = [room.engine._visitors[i] for i in new]
    assert len(set(owners)) == 2 and all(len(o) == 32 for o in owners)
    second = ada.context.new_page()  # another tab of the same browser is the same visitor
    second.goto(room.url)
    second.wait_for_function("window.lab?.ready")
    second.locator("#stop").click()
    walk.until(ada, lambda: room.engine.run(new[0]).state == "stopped")
    assert room.engine.run(new[1]).state != "stopped"
    room.engine.hold_at = None
    walk.until(bo, lambda: room.engine.run(new[1]).state == "finished")
    walk.step(bo, 6)
    assert not bo.get_by_text("Shared: ", exact=False).count()
    # what ada shares can be opened by bo
    ada_run = room.engine.submit(Recipe(entity="p03", steps=3), "unlearn", owners[0])
    walk.until(ada, lambda: room.engine.run(ada_run).state == "finished")
    room.engine.share(ada_run, True, owners[0])
    walk.step(bo, 1)
    walk.step(bo, 6)
    bo.locator("#my-runs input").click()
    bo.get_by_role("option", name="Shared: ", exact=False).first.click()
    bo.locator("#open-run").click()
    walk.wait_line(bo, "unlearn-line", "finished", room.patience)
    walk.step(bo, 6)
    bo.locator("#prepare").click()
    bo.get_by_text("only they can download it", exact=False).first.wait_for()


@pytest.fixture
def alone(tmp_path):
    """The page of one person, whose engine is used by nobody else."""
    yield from serve(FakeEngine(tmp_path, pace=0.005), 60_000)


@pytest.mark.ui
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_waiting_attack_gets_the_settings_of_step_5(alone, open_tab, language):
    engine, text = alone.engine, catalogue(language)
    tab = open_tab(f"{alone.url}/{'' if language == 'en' else language}")

    def step(number: int) -> None:
        tab.get_by_role("tab", name=re.compile(str(number))).click()
        tab.wait_for_selector(f"#idea-{number} h2")

    walk.pick(tab)
    tab.locator("#run-it").click()
    walk.until(tab, lambda: [r.state for r in engine.runs()] == ["finished"])
    engine.steer.paused = True
    step(5)
    tab.locator("#attack").click()
    walk.until(tab, lambda: len(engine.runs()) == 2)
    run = engine.runs()[-1]
    assert (run.state, run.attack.kind) == ("waiting", "relearn")
    # the radio follows the attack once, when its line comes
    tab.wait_for_function("document.getElementById('attack-line').innerText.trim() !== ''")
    name = text.ATTACK_KINDS["images"]
    tab.get_by_label(name).check()
    step(6)
    edit = tab.locator("#turn-edit")
    tab.get_by_role("button", name=text.TURN_EDIT.format(step=5)).wait_for()
    edit.click()
    walk.until(tab, lambda: engine.run(run.id).attack.kind == "images")
    assert engine.run(run.id).recipe == run.recipe
    engine.steer.paused = False
    walk.until(tab, lambda: engine.run(run.id).state == "finished")
