"""The load test's figures by hand, its client against answers of a lab, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from lab.bench.load import crowd, walk
from lab.bench.load.client import Client, Full, Gone, Refused
from lab.bench.load.figures import (
    Crowd,
    Kept,
    Load,
    Times,
    as_json,
    crowd_of,
    jain,
    kept_of,
    overtaken,
    shown,
    times,
)
from lab.bench.load.house import NOTHING, House, apart, facts_of
from lab.bench.load.idle import Idle, Tick, ticks_of
from lab.bench.load.walk import Middle, Plan, Ran, Walk, Walked
from lab.cli import load as cli
from lab.cli.main import _parser, main
from lab.errors import LabError
from lab.model.fetch import FOLDER

pytestmark = pytest.mark.usefixtures("own_loop")
URL = "http://lab.test"


def ran(visitor: int, sent: float, began: float, ended: float, kind: str = "submit") -> Ran:
    return Ran(kind, visitor, f"{visitor}-{sent}", sent, began, ended)


@pytest.mark.parametrize(
    "values, index",
    [
        ([5.0, 5.0, 5.0], 1.0),
        ([1.0, 0.0, 0.0, 0.0], 0.25),
        ([1.0, 2.0, 3.0], 36 / 42),
        ([0.0, 0.0], 1.0),
        ([], 1.0),
    ],
)
def test_jains_index(values, index):
    assert jain(values) == pytest.approx(index)


def test_a_visitor_who_is_passed_over_is_counted():
    patient = ran(0, sent=10, began=50, ended=60)
    in_between = [ran(1, 5, 20, 25), ran(1, 26, 30, 35), ran(2, 35, 40, 45)]
    before_and_after = [ran(1, 0, 9, 15), ran(1, 40, 61, 70)]
    looks = [ran(2, 11, t, t + 1, "inspect") for t in (21, 22, 23)]
    assert overtaken([patient, *in_between, *before_and_after, *looks]) == 2
    assert overtaken([patient, ran(0, 5, 20, 25), ran(0, 11, 30, 35), ran(0, 12, 40, 41)]) == 0
    assert overtaken([]) == 0


def test_a_run_waits_until_it_begins_and_never_less_than_nothing():
    one = ran(0, sent=10, began=14.5, ended=20)
    assert (one.waited, one.served) == (4.5, 5.5)
    assert ran(0, sent=10, began=9.9, ended=12).waited == 0


def test_times_are_the_middle_one_and_the_worst():
    assert times([3.0, 1.0, 8.0]) == Times(3, 3.0, 8.0) and times([]) == Times(0, 0.0, 0.0)


def two_walks() -> list[Walked]:
    first = Walked(0, page=0.5, ran=[ran(0, 0, 1, 3), ran(0, 3, 5, 8, "attack")], seconds=9)
    second = Walked(1, page=1.5, ran=[ran(1, 0, 3, 5)], answers=[2.0, 4.0], cut=2, again=1)
    second.error = "it failed"
    return [first, second]


def test_the_figures_of_a_room_are_those_of_its_ways():
    alone = Walked(2, ran=[ran(2, 0, 0, 1.5)], answers=[1.0, 3.0])
    found = crowd_of(two_walks(), alone)
    assert (found.finished, found.cut, found.begun_again, found.turned_away) == (1, 2, 1, 0)
    assert found.errors == ("visitor 1: it failed",) and found.page == Times(2, 1.0, 1.5)
    table = {step.name: step for step in found.table}
    assert [*table] == ["look inside", "unlearn", "question", "attack"]
    assert table["unlearn"].waited == Times(2, 2.0, 3.0)
    assert table["unlearn"].served == Times(2, 2.0, 2.0) and table["unlearn"].alone == 1.5
    assert table["question"].served == Times(2, 3.0, 4.0) and table["question"].alone == 2.0
    assert found.fair_waiting == pytest.approx((3 + 3) ** 2 / (2 * (9 + 9)))
    assert found.fair_served == pytest.approx((5 + 2) ** 2 / (2 * (25 + 4)))


def loaded(found: Crowd, memory: Kept, lost: tuple[str, ...] = ()) -> Load:
    idle = Idle(2, 2, 10.0, 1.0, 0.031, None, 0)
    files = Kept(20, 22, 30, 21)
    return Load(2, 4, "tiny", "cpu", 2, 12.0, found, lost, memory, files, idle, None)


def test_what_holds_is_said_and_what_does_not():
    found = crowd_of([Walked(0, seconds=9), Walked(1, seconds=9)], Walked(2))
    good = loaded(found, kept_of(90.0, 100.0, [130.0, None], 110.0))
    assert good.memory_mb == Kept(90.0, 100.0, 130.0, 110.0) and set(good.holds.values()) == {True}
    bad = loaded(crowd_of(two_walks(), Walked(2)), kept_of(90.0, 100.0, [], 111.0), ("x",))
    assert set(bad.holds.values()) == {False}
    unknown = loaded(found, kept_of(None, None, [None], None))
    assert unknown.holds["memory_back"] is None and unknown.memory_mb.worst is None
    assert json.loads(json.dumps(as_json(good)))["memory_growth"] == pytest.approx(1.1)
    words = shown(bad)
    assert "nothing lost: NO" in words and "visitor 1: it failed" in words
    assert "3.1 % of a core, not measured with no page" in words
    assert "| unlearn | 2 | 2.00 s | 3.00 s | 2.00 s | 2.00 s | 0.00 s |" in words


class Lab:
    """Answers as a lab does: ``said`` maps an endpoint to the text of its stream."""

    def __init__(self, said: dict[str, str]) -> None:
        self.said, self.asked = said, list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        parts = request.url.path.split("/")
        if request.url.path == "/healthz":
            return httpx.Response(200, json={"ready": True})
        if request.url.path == "/metrics":
            return httpx.Response(200, text='# TYPE a gauge\na 3.0\nb{kind="x"} 4.0\n')
        if parts[1:3] != ["gradio_api", "call"]:
            return httpx.Response(200, headers={"Set-Cookie": "lab-visitor=me; Path=/"})
        if request.method == "POST":
            refusal = {"full": 503, "wrong": 422}.get(parts[3])
            if refusal:
                headers = {"Retry-After": "7"}
                return httpx.Response(refusal, json={"detail": "no"}, headers=headers)
            return httpx.Response(200, json={"event_id": "e1"})
        if self.said[parts[3]] == "cut":
            raise httpx.ReadError("cut off")
        return httpx.Response(200, text=self.said[parts[3]])


def asked(lab: Lab, endpoint: str, *given):
    async def ask():
        client = Client(URL, "me", transport=httpx.MockTransport(lab))
        try:
            await client.enter()
            return await client.call(endpoint, *given)
        finally:
            await client.close()

    return asyncio.run(ask())


def test_an_endpoint_is_asked_with_the_visitors_cookie():
    beat = "event: heartbeat\ndata: null\n\n"
    lab = Lab({"submit": beat + 'event: complete\ndata: ["an id"]\n\n'})
    assert asked(lab, "submit", "p1", {"steps": 2}) == "an id"
    page, sent, heard = lab.asked
    body = json.loads(sent.content)
    assert body["data"] == ["p1", {"steps": 2}] and len(body["session_hash"]) == 16
    assert "cookie" not in page.headers and heard.url.path == "/gradio_api/call/submit/e1"
    assert sent.headers["cookie"] == heard.headers["cookie"] == "lab-visitor=me"


def test_a_room_is_entered_with_its_code():
    lab = Lab({})

    async def enter():
        client = Client(URL, "load 3", "ABCDEF", httpx.MockTransport(lab))
        await client.enter()
        return await client.figures()

    assert asyncio.run(enter()) == {"a": 3.0}
    form = lab.asked[1]
    assert (form.method, form.url.path) == ("POST", "/enter")
    assert form.content == b"secret=ABCDEF&name=load+3&query="


@pytest.mark.parametrize(
    "endpoint, said, error, words",
    [
        ("chat", 'event: error\ndata: {"error": "no such run"}\n\n', Refused, "chat: no such run"),
        ("chat", 'event: error\ndata: {"error": null}\n\n', Refused, "failed without a reason"),
        ("chat", 'event: error\ndata: "404: "\n\n', Gone, "chat"),
        ("chat", "", Gone, "chat"),
        ("chat", "cut", Gone, "cut off"),
        ("full", "", Full, "come again in 7 s"),
        ("wrong", "", Refused, "wrong: no"),
    ],
)
def test_a_refusal_a_full_room_and_a_server_that_is_gone_are_told_apart(
    endpoint, said, error, words
):
    with pytest.raises(error, match=words):
        asked(Lab({endpoint: said}), endpoint)


class Visitor:
    """A client whose answers are in a list for every endpoint; an exception is raised."""

    def __init__(self, **answers: list) -> None:
        self.answers, self.calls = answers, list[tuple]()

    async def enter(self) -> None:
        pass

    async def ready(self) -> bool:
        return True

    async def call(self, endpoint: str, *given):
        self.calls.append((endpoint, *given))
        answer = self.answers[endpoint].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer


def result(state: str, began: float = 0, ended: float = 0, place: int = 0) -> dict:
    return {"state": state, "started": began, "ended": ended, "place": place, "error": ""}


def walked(visitor: Visitor, house: House, middle: Middle, monkeypatch) -> Walked:
    monkeypatch.setattr(walk, "PAUSE", 0)
    monkeypatch.setattr(walk, "PAUSE_A_PLACE", 0)
    return asyncio.run(Walk(visitor, house, Plan(("p0", "p1"), 4), 3, middle).go())


def both() -> dict[str, str]:
    return {"original": "Ada", "run": "nobody"}


def test_the_whole_way_of_a_visitor(monkeypatch):
    ends = [result("waiting", place=2), result("running", 5), result("finished", 5, 7)]
    visitor = Visitor(
        inspect=["i"], submit=["r"], attack=["a"], chat=[both()] * 5, result=[*ends] * 3
    )
    middle = Middle(2)
    way = walked(visitor, House(URL), middle, monkeypatch)
    assert not way.error and way.seconds > 0 and len(way.answers) == 5
    assert [(r.kind, r.id, r.served) for r in way.ran] == [
        ("inspect", "i", 2),
        ("submit", "r", 2),
        ("attack", "a", 2),
    ]
    assert middle.reached.is_set()
    asked_for = {call[0]: call for call in visitor.calls}
    assert asked_for["submit"][1] == "p1" and asked_for["submit"][2]["seed"] == 1
    assert asked_for["submit"][2]["again"] is True and "again" not in asked_for["inspect"][2]
    assert asked_for["attack"][1] == "r" and asked_for["attack"][2]["steps"] == 4


def restarting(house: House):
    """An answer after which the server is killed and started again."""

    def answer() -> dict:
        house.starts += 1
        return result("running", 5)

    return answer


def test_a_visitor_goes_on_where_a_killed_server_was(monkeypatch):
    house, done = House(URL), result("finished", 5, 7)
    visitor = Visitor(
        inspect=["lost", "i"],
        submit=["r"],
        attack=[Full(0), "a"],
        chat=[Gone(), *[both()] * 5],
        result=[
            *(restarting(house), Gone(), Refused("no such run"), done),  # of two inspections
            *(restarting(house), Gone(), result("waiting", place=1), done),  # of one run
            done,
        ],
    )
    way = walked(visitor, house, Middle(9), monkeypatch)
    assert not way.error and [r.id for r in way.ran] == ["i", "r", "a"]
    assert (way.again, way.cut, way.turned_away) == (1, 3, 1)


def test_a_run_that_a_killed_server_forgot_is_an_error(monkeypatch):
    house = House(URL)
    visitor = Visitor(
        inspect=["i"],
        submit=["r"],
        result=[result("finished", 5, 7), restarting(house), Refused("no such run")],
    )
    way = walked(visitor, house, Middle(9), monkeypatch)
    assert way.error == "no such run" and [r.id for r in way.ran] == ["i"]


@pytest.mark.parametrize(
    "answers, words",
    [
        ({"result": [{**result("failed"), "error": "NaN"}]}, "look inside did not finish: NaN"),
        ({"result": [result("stopped")]}, "did not finish: stopped"),
        ({"result": [Refused("no such run")]}, "no such run"),
        ({"inspect": [Refused("inspect: unknown entity")]}, "unknown entity"),
    ],
)
def test_what_hinders_a_visitor_is_noted(monkeypatch, answers, words):
    way = walked(Visitor(**{"inspect": ["i"], **answers}), House(URL), Middle(9), monkeypatch)
    assert words in way.error and not way.seconds and not way.ran


def test_what_the_lab_no_longer_has_is_named():
    visitor = Visitor(result=[result("finished"), Refused("no such run")])
    way = Walk(visitor, House(URL), Plan(("p0",), 4), 0, Middle(9))
    way.so_far.ran = [
        ran(0, t, t, t, kind) for t, kind in enumerate(("inspect", "submit", "attack"))
    ]
    assert asyncio.run(way.missing()) == ["0-2"]


def test_no_two_visitors_have_the_same_recipe():
    plan = Plan(("p0", "p1", "p2"), 4)
    every = [(plan.entity(n), plan.recipe(n)["seed"]) for n in range(7)]
    assert len({*every}) == 7 and every[4] == ("p1", 1)


def test_the_ticks_of_a_page_are_read_from_its_description():
    parts = [
        {"id": 1, "type": "timer", "props": {"value": 2, "active": True}},
        {"id": 2, "type": "timer", "props": {"value": 9, "active": False}},
        {"id": 3, "type": "textbox", "props": {"value": "so far"}},
        {"id": 4, "type": "state", "props": {"value": ["not sent"]}},
    ]
    handlers = [
        {"id": 7, "targets": [[1, "tick"]], "inputs": [3, 4]},
        {"id": 8, "targets": [[2, "tick"]], "inputs": []},
        {"id": 9, "targets": [[3, "change"]], "inputs": [3]},
    ]
    page = {"components": parts, "dependencies": handlers}
    assert ticks_of(page) == [Tick(7, 1, 2.0, ("so far", None))]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system has no /proc")
def test_a_process_is_looked_at_from_outside():
    before = facts_of(os.getpid())
    with open(os.devnull), open(os.devnull):
        after = facts_of(os.getpid())
    assert after.files == before.files + 2 and after.cpu_seconds >= before.cpu_seconds > 0
    assert 10 < after.memory_mb < 100_000
    assert facts_of(2**22 + 1) == NOTHING


def test_the_test_has_a_cache_of_its_own_with_what_was_converted(cache, tmp_path):
    (cache / FOLDER).mkdir(parents=True)
    (cache / FOLDER / "model.safetensors").write_text("weights")
    (cache / "runs").mkdir()
    (tmp_path / "test").mkdir()
    home = apart(tmp_path / "test")
    assert [p.name for p in home.iterdir()] == [FOLDER] and home != cache
    assert (home / FOLDER / "model.safetensors").read_text() == "weights"


def test_what_is_loaded_is_passed_on_to_the_server():
    words = ["load", "--preset", "demo", "--model", "m", "--threads", "2", "--allow-partial"]
    flags = cli.serve_flags(_parser().parse_args(words))
    named = ("--preset", "demo", "--model", "m", "--threads", "2", "--engine", "local")
    assert flags == (*named, "--allow-partial")
    assert _parser().parse_args(["serve", *flags]).model == "m"


def test_who_does_the_work_is_passed_on_to_the_server():
    words = ["--engine", "ray", "--replicas", "4", "--address", "auto"]
    flags = cli.serve_flags(_parser().parse_args(["load", *words]))
    assert [*flags[-6:]] == words
    served = _parser().parse_args(["serve", *flags])
    assert (served.engine, served.replicas, served.address) == ("ray", 4, "auto")


@pytest.mark.parametrize(
    "words, said",
    [
        (["--users", "0"], "--users 0 is outside 1 to 90"),
        (["--users", "91"], "--users 91 is outside"),
        (["--code", "ABCDEF"], "give its --url"),
        (["--url", "127.0.0.1:7860"], "write it as http"),
        (["--url", "ftp://lab.test"], "write it as http"),
        (["--url", "http://127.0.0.1:9", "--kill"], "leave --url out"),
        (["--replicas", "2"], "belong to --engine ray"),
        (["--url", "http://127.0.0.1:9"], "did not answer in 0 s"),
    ],
)
def test_a_mistake_is_one_line(words, said, capsys, monkeypatch):
    monkeypatch.setattr(crowd, "ANSWER_SECONDS", 0.1)
    with pytest.raises(SystemExit) as ended:
        main(["load", *words])
    line = capsys.readouterr().err
    assert ended.value.code == 2 and said in line and line.count("\n") == 1


def made_by(house: House, wish, say) -> Load:
    found = crowd_of([Walked(0, seconds=9), Walked(1, seconds=9)], Walked(2))
    return loaded(found, kept_of(90.0, 100.0, [], 100.0 + wish.steps))


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_what_does_not_hold_is_the_exit_code(words, cache, capsys, monkeypatch):
    monkeypatch.setattr(crowd, "load", made_by)
    main(["load", "--steps", "10", *words])
    assert "memory" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["load", "--steps", "11", *words])
    assert ended.value.code == 1 and "memory" in capsys.readouterr().out


def test_a_plain_kill_ends_the_test_as_ctrl_c_does(cache, capsys, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(crowd, "load", lambda *_: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit) as ended:
        main(["load"])
    assert ended.value.code == 130 and capsys.readouterr().err == "lab: stopped\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_another_machine_is_said(capsys):
    assert cli.address("http://127.0.0.1:7860/") == "http://127.0.0.1:7860"
    assert cli.address("http://localhost:1") and not capsys.readouterr().err
    assert cli.address("https://lab.example.org/x/") == "https://lab.example.org/x"
    assert "another machine, lab.example.org" in capsys.readouterr().err


def test_a_server_that_cannot_start_says_why(cache, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["load", "--preset", "nothing", "--users", "1"])
    last = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2 and "lab: the server ended: unknown preset 'nothing'" in last


def test_a_lab_that_cannot_load_its_model_is_not_waited_for():
    def failed(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503, json={"ready": False, "why": "no such model"})

    async def ask() -> bool:
        return await Client(URL, "me", transport=httpx.MockTransport(failed)).ready()

    with pytest.raises(LabError, match="no such model"):
        asyncio.run(ask())
