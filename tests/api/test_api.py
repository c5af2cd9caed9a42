"""The public endpoints, through gradio_client and by hand."""

import json
import time
import urllib.error
import urllib.request

import gradio_client
import pytest
from gradio_client.exceptions import AppError

OLD = {"/entities", "/submit", "/status", "/stop", "/result", "/move", "/edit", "/share"}
PUBLIC = OLD | {"/inspect", "/events", "/chat", "/attack"}


def wait(client, run_id: str) -> dict:
    for _ in range(200):
        found = client.predict(run_id, api_name="/result")
        if found["state"] not in ("waiting", "running"):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def test_only_the_useful_endpoints_are_public(client):
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == PUBLIC


def test_submit_and_result(client):
    people = client.predict(api_name="/entities")
    assert {"id", "name"} == set(people[0]) and len(people) == 30
    run_id = client.predict(people[0]["id"], {"steps": 12, "seed": 2}, api_name="/submit")
    found = wait(client, run_id)
    assert found["state"] == "finished" and found["result"]["steps"] == 12
    assert found["result"]["seed"] == 2


def test_a_recipe_of_before_gives_its_run_unless_it_is_to_be_run_again(client, served, monkeypatch):
    monkeypatch.setattr(served.engine, "answers_again", True)
    settings = {"steps": 3, "seed": 4711}
    run_id = client.predict("p05", settings, api_name="/submit")
    ended = wait(client, run_id)["ended"]
    assert abs(time.time() - ended) < 60
    assert client.predict("p05", settings, api_name="/submit") == run_id
    anew = client.predict("p05", {**settings, "again": True}, api_name="/submit")
    assert anew != run_id and wait(client, anew)["state"] == "finished"
    with pytest.raises(AppError, match="again must be true or false, not str"):
        client.predict("p05", {**settings, "again": "yes"}, api_name="/submit")


def test_stop(client):
    run_id = client.predict("p01", {"steps": 900}, api_name="/submit")
    client.predict(run_id, api_name="/stop")
    assert wait(client, run_id)["state"] == "stopped"


def test_failure_carries_its_reason(client):
    run_id = client.predict("p01", {"seed": 9999}, api_name="/submit")
    found = wait(client, run_id)
    assert found["state"] == "failed" and "NaN" in found["error"]


def test_status(client):
    found = client.predict(api_name="/status")
    assert found["ready"] is True and found["quantization"] == "gguf-q4"


@pytest.mark.parametrize(
    "entity, settings, words",
    [
        ("nobody", {}, "unknown entity"),
        ("p01", {"stepps": 3}, "valid keys are"),
        ("p01", {"steps": 99999}, "outside 1 to 1000"),
        ("p01", {"lr": "fast"}, "not a float"),
    ],
)
def test_bad_input_is_one_plain_line(client, entity, settings, words):
    with pytest.raises(AppError, match=words) as caught:
        client.predict(entity, settings, api_name="/submit")
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        [1],
        "steps=3",
        None,
        7,
        {"steps": [3]},
        {"steps": {"a": 1}},
        {"method": ["vkd"]},
        {"entity": "p02"},
    ],
)
def test_settings_of_any_kind_are_one_plain_line(client, served, capfd, settings):
    before = len(served.engine.runs())
    with pytest.raises(AppError) as caught:
        client.predict("p01", settings, api_name="/submit")
    words = str(caught.value)
    assert (
        words
        and "\n" not in words
        and ("settings" in words or "steps" in words or "method" in words)
    )
    assert len(served.engine.runs()) == before and "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("name", ["/stop", "/result"])
@pytest.mark.parametrize("run_id", [["x"], {"a": 1}, None, 3])
def test_a_run_id_of_any_kind_is_one_plain_line(client, capfd, name, run_id):
    with pytest.raises(AppError, match="run_id must be a text, not"):
        client.predict(run_id, api_name=name)
    assert "Traceback" not in capfd.readouterr().err


def post(served, path: str, body) -> tuple[int, dict]:
    request = urllib.request.Request(
        f"{served.url}/gradio_api/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize(
    "path, body",
    [
        ("call/submit", {"data": []}),
        ("call/submit", {"data": ["p01"]}),
        ("call/submit", {"data": "p01"}),
        ("call/submit", {"data": ["p01", {}, 3]}),
        ("call/submit", ["p01", {}]),
        ("call/submit", {}),
        ("call/v2/submit", {"entity": "p01"}),
        ("call/v2/submit", {"data": ["p01", {}]}),
        ("call/v2/submit", {"entity": "p01", "settings": {}, "more": 1}),
    ],
)
def test_arguments_that_do_not_fit_are_one_plain_line(served, capfd, path, body):
    code, answer = post(served, path, body)
    assert code == 422
    assert answer == {
        "detail": "Wrong arguments for submit. It takes exactly these: entity, settings"
    }
    assert "Traceback" not in capfd.readouterr().err


def test_both_spellings_of_a_call_answer(served):
    for path, body in (
        ("call/submit", {"data": ["p01", {"steps": 2}]}),
        ("call/status", {"data": []}),
        ("call/v2/submit", {"entity": "p01", "settings": {"steps": 2}}),
    ):
        code, answer = post(served, path, body)
        assert code == 200
        url = f"{served.url}/gradio_api/{path}/{answer['event_id']}"
        assert b"event: complete" in urllib.request.urlopen(url, timeout=20).read()


def test_a_run_is_its_visitors(client, served, monkeypatch):
    seen, submit = [], served.engine.submit

    def note(recipe, kind="unlearn", visitor="", anew=False):
        seen.append(visitor)
        return submit(recipe, kind, visitor, anew)

    monkeypatch.setattr(served.engine, "submit", note)
    other = gradio_client.Client(served.url, verbose=False)
    for script in (client, client, other):
        script.predict("p01", {"steps": 2}, api_name="/submit")
    assert seen[0] == seen[1] != seen[2] and {len(one) for one in seen} == {32}


def test_a_waiting_run_is_moved_edited_and_shared(client, served):
    run = client.predict("p01", {"steps": 900}, api_name="/submit")
    assert client.predict(run, True, api_name="/move") >= 0
    assert served.engine.moved[-1] == (run, True)
    client.predict(run, {"steps": 5}, api_name="/edit")
    assert served.engine.run(run).recipe.steps == 5
    assert [client.predict(run, on, api_name="/share") for on in (True, False)] == [True, False]
    with pytest.raises(AppError, match="shared must be true or false, not int"):
        client.predict(run, 1, api_name="/share")
    with pytest.raises(AppError, match="settings must be an object"):
        client.predict(run, [], api_name="/edit")
    client.predict(run, api_name="/stop")


def test_unknown_run(client):
    with pytest.raises(AppError, match="unknown run"):
        client.predict("0" * 16, api_name="/result")


def test_the_queue_cannot_be_bypassed_and_files_are_closed(served):
    root = served.url.rstrip("/")
    for path in ("/gradio_api/file=/etc/passwd", "/monitoring/summary"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(root + path)
        assert caught.value.code in (403, 404)
    request = urllib.request.Request(
        root + "/gradio_api/run/submit",
        b'{"data": ["p00", {}]}',
        {"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 404
