"""The public endpoints, through gradio_client and by hand."""

import time
import urllib.error
import urllib.request

import pytest
from gradio_client.exceptions import AppError

PUBLIC = {"/entities", "/submit", "/status", "/stop", "/result"}


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


@pytest.mark.parametrize("entity, settings, words", [
    ("nobody", {}, "unknown entity"), ("p01", {"stepps": 3}, "valid keys are"),
    ("p01", {"steps": 99999}, "outside 1 to 1000"), ("p01", {"lr": "fast"}, "not a float")])
def test_bad_input_is_one_plain_line(client, entity, settings, words):
    with pytest.raises(AppError, match=words) as caught:
        client.predict(entity, settings, api_name="/submit")
    assert "Traceback" not in str(caught.value)


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
        root + "/gradio_api/run/submit", b'{"data": ["p00", {}]}',
        {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 404
