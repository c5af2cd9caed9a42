"""The log as JSON: one object a line, and no word of a visitor."""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Iterator

import pytest

from lab.cli import logs
from lab.cli.space import check_hardware, space_flags
from lab.cli.starting import origin
from lab.errors import LabError
from lab.ui.requests import named


@pytest.fixture
def restored() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger(logs.OURS)
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)
    logging.captureWarnings(False)


def failure() -> str:
    try:
        raise ValueError("Ada Almeida\n  lives in Coimbra")
    except ValueError as error:
        return "".join(traceback.format_exception(error))


def test_every_line_is_one_object(restored, capsys) -> None:
    say = logs.teller("json")
    say("The model is ready.")
    logging.getLogger("lab.request").info(
        "request", extra={"request_id": "abc", "status": 200, "question": "Who is Ada?"}
    )
    logging.getLogger("other").warning("cannot read %s", "Ada.png")
    logging.getLogger("other").info("nothing to see")
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["text"] == "The model is ready." and first["logger"] == "lab"
    assert second["event"] == "request" and second["request_id"] == "abc"
    assert second["status"] == 200 and "question" not in second
    assert third["event"] == "cannot read %s" and third["level"] == "warning"
    assert all(set(line) >= {"time", "level", "logger", "event"} for line in (first, third))


def test_an_error_is_logged_without_its_message(restored, capsys) -> None:
    say = logs.teller("json")
    say(failure())
    try:
        raise KeyError("Ada")
    except KeyError:
        logging.getLogger("other").exception("failed")
    said, raised = capsys.readouterr().out.splitlines()
    assert "Ada" not in said + raised and "Coimbra" not in said
    place, kind = json.loads(said)["text"].splitlines()
    assert place.startswith("File ") and "test_logs.py" in place and kind == "ValueError"
    assert json.loads(raised)["error"].endswith("KeyError")


def test_the_log_for_a_person_is_as_before(restored, capsys) -> None:
    logs.teller("text")("The model is ready.")
    logging.getLogger("lab.request").info("request")
    assert capsys.readouterr().out == "[  0.0 s] The model is ready.\n"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/", "/"),
        ("/healthz", "/healthz"),
        ("/gradio_api/call/submit", "/gradio_api/call"),
        ("/gradio_api/file=/cache/sent-x/Ada Almeida.png", "/gradio_api/file"),
        ("/de/gradio_api/queue/join", "/gradio_api/queue"),
        ("/gradio_api/Ada", "other"),
        ("/Ada", "other"),
    ],
)
def test_of_a_path_only_what_is_the_labs_own_is_logged(path: str, said: str) -> None:
    assert named(path) == said


def test_an_unknown_format_and_a_wrong_origin_are_one_line() -> None:
    assert logs.log_format("json") == "json"
    with pytest.raises(LabError, match="unknown log format 'xml': valid are text, json"):
        logs.log_format("xml")
    assert origin("https://example.org:8443/") == "https://example.org:8443"
    for word in ("example.org", "https://a.org/page", "https://a.org;script-src", "https://", "*"):
        with pytest.raises(LabError, match="is not an origin"):
            origin(word)


def test_a_space_gives_its_name_and_its_frame(monkeypatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")  # so that it is as before afterwards
    monkeypatch.delenv("FORWARDED_ALLOW_IPS")
    monkeypatch.delenv("SPACE_HOST", raising=False)
    assert space_flags() == []
    assert "FORWARDED_ALLOW_IPS" not in os.environ
    monkeypatch.setenv("SPACE_HOST", "someone-lab.hf.space")
    flags = space_flags()
    # the Space's proxy is believed, or all visitors share the tries at the code
    assert "10.0.0.0/8" in os.environ["FORWARDED_ALLOW_IPS"].split(",")
    assert flags[:4] == ["--host", "0.0.0.0", "--allow-host", "someone-lab.hf.space"]
    assert flags[4] == "--allow-frame" and origin(flags[5]) == flags[5]
    assert flags[6:] == ["--room"]  # or every address would be refused


def test_hardware_that_cannot_keep_a_model_is_refused_in_one_line(monkeypatch, capsys) -> None:
    import app

    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    check_hardware()
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    with pytest.raises(SystemExit) as ended:
        app.main(["--port", "0"])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and "choose CPU basic" in said and said.count("\n") == 1
