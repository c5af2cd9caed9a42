"""What machines ask of a served lab: its health, its figures, and what a full room answers."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import gradio_client
import pytest

from lab.report.text import catalogue
from tests.ui.conftest import serve
from tests.ui.fake_engine import FakeEngine
from tests.ui.test_door import ask
from tests.unit.served import until

CALL = "/gradio_api/call/"
# What makes a run: the arguments of each, as the second version of the door names them.
TAKEN = {
    "submit": {"entity": "p00", "settings": {}},
    "inspect": {"entity": "p00", "settings": {}},
    "attack": {"run_id": "0" * 32, "settings": {}},
}


def status_is(monkeypatch, engine: FakeEngine, **changes) -> None:
    now = replace(engine.status(), **changes)
    monkeypatch.setattr(engine, "status", lambda: now)


def test_a_lab_with_its_model_is_well(served):
    code, headers, body = ask(served.url, "GET", "/healthz")
    assert code == 200 and json.loads(body) == {"alive": True, "ready": True, "why": ""}
    assert headers["x-frame-options"] == "DENY" and headers["cache-control"] == "no-store"


def test_a_lab_that_loads_or_cannot_load_says_why(served, monkeypatch):
    status_is(monkeypatch, served.engine, ready=False, phase="Reading the language model")
    code, headers, body = ask(served.url, "GET", "/healthz")
    assert code == 503 and json.loads(body)["why"] == "Reading the language model"
    assert json.loads(body)["alive"] and headers["retry-after"] == "5"
    status_is(monkeypatch, served.engine, phase="failed", error="no such model")
    code, headers, body = ask(served.url, "GET", "/healthz")
    assert code == 503 and json.loads(body)["why"] == "no such model"
    assert "retry-after" not in headers


def test_only_the_labs_names_are_told_how_it_is(served):
    for path in ("/healthz", "/metrics"):
        assert ask(served.url, "GET", path, headers={"Host": "strange.example"})[0] == 400
        assert ask(served.url, "POST", path, {})[0] in (404, 405)


def test_runs_and_chats_are_counted(served, client):
    run_id = client.submit("p00", {"steps": 5}, api_name="/submit").result()
    while client.predict(run_id, api_name="/result")["state"] in ("waiting", "running"):
        pass
    code, headers, body = ask(served.url, "GET", "/metrics")
    assert code == 200 and headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = body.splitlines()
    assert 'lab_runs_ended_total{kind="unlearn",state="finished"} 1.0' in lines
    assert 'lab_run_seconds_count{kind="unlearn"} 1.0' in lines and "lab_ready 1.0" in lines


def refused(served) -> float:
    lines = ask(served.url, "GET", "/metrics")[2].splitlines()
    return float(next(w.split()[1] for w in lines if w.startswith("lab_runs_refused_total ")))


@pytest.mark.parametrize("endpoint", TAKEN)
def test_a_full_room_answers_a_script_at_once_with_when_to_come_again(
    served, monkeypatch, endpoint
):
    named = TAKEN[endpoint]
    body, before = {"data": list(named.values())}, len(served.engine.runs())
    already = refused(served)
    status_is(monkeypatch, served.engine, waiting=3, most_waiting=3)
    ways = {CALL + endpoint: body, f"{CALL}{endpoint}/": body, f"{CALL}v2/{endpoint}": named}
    for path, sent in ways.items():
        code, headers, said = ask(served.url, "POST", path, sent)
        assert code == 503 and 5 <= int(headers["retry-after"]) <= 600
        assert json.loads(said) == {"detail": "3 runs are waiting already: try again later"}
    assert ask(served.url, "POST", CALL + "status", {"data": []})[0] == 200
    assert refused(served) == already + 3 and len(served.engine.runs()) == before
    monkeypatch.undo()
    assert ask(served.url, "POST", CALL + endpoint, body)[0] == 200
    made = endpoint != "attack"  # there is no run to attack, which only its event says
    until(lambda: len(served.engine.runs()) == before + made)


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "lab.request"]


def test_every_answer_has_an_id_and_every_request_a_line(served, caplog):
    with caplog.at_level(logging.INFO, "lab.request"):
        ours = ask(served.url, "GET", "/healthz", headers={"X-Request-ID": "from-the-proxy.1"})[1]
        strange = ask(served.url, "GET", "/Ada?name=Ada", headers={"X-Request-ID": "Ada Almeida"})[
            1
        ]
        until(lambda: len(lines(caplog)) >= 2)  # a line comes after its answer
    assert ours["x-request-id"] == "from-the-proxy.1"
    assert len(strange["x-request-id"]) == 16
    said = {r.request_id: r for r in lines(caplog)}
    assert said["from-the-proxy.1"].path == "/healthz" and said["from-the-proxy.1"].status == 200
    assert said[strange["x-request-id"]].path == "other"
    assert not [r for r in said.values() if "Ada" in str(vars(r))]


def test_a_site_that_is_allowed_may_frame_the_page(tmp_path):
    site = "https://slides.example"
    for page in serve(FakeEngine(tmp_path), 10_000, allow_frames=(site,)):
        for path in ("/", "/healthz"):
            _, headers, _ = ask(page.url, "GET", path)
            assert f"frame-ancestors {site};" in headers["content-security-policy"]
            assert "x-frame-options" not in headers


@pytest.mark.parametrize("name", ["status", "entities"])
def test_other_doors_stay_open_in_a_full_room(served, monkeypatch, name):
    status_is(monkeypatch, served.engine, waiting=3, most_waiting=3)
    assert gradio_client.Client(served.url, verbose=False).predict(api_name=f"/{name}")
    assert catalogue().TITLE in ask(served.url, "GET", "/")[2]
