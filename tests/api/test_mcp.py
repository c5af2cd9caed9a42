"""The endpoints as tools of an MCP server, behind a flag."""

import json
import time
import urllib.error
import urllib.request

import httpx
import pytest

from lab.ui import page
from lab.ui.api import ENDPOINTS
from tests.ui.conftest import free_port
from tests.ui.fake_engine import FakeEngine

PATH = "/gradio_api/mcp/"


def ask(url: str, method: str, origin: str = "", **params):
    """One request of the protocol; the answer is a single event."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    } | ({"Origin": origin} if origin else {})
    request = urllib.request.Request(url + PATH, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return json.loads(next(x for x in lines if x.startswith("data:")).removeprefix("data:"))


def call(url: str, tool: str, **given):
    return ask(url, "tools/call", name=tool, arguments=given)["result"]


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """The page's address with the flag."""
    pytest.importorskip("mcp")
    engine = FakeEngine(tmp_path_factory.mktemp("runs"), pace=0.02)
    demo = page.launch(engine, port=free_port(), mcp=True, prevent_thread_lock=True, quiet=True)
    yield demo.local_url.rstrip("/")
    demo.close()


def test_every_endpoint_is_a_tool_that_says_what_it_does(tools):
    listed = {t["name"]: t for t in ask(tools, "tools/list")["result"]["tools"]}
    assert listed.keys() == ENDPOINTS.keys()
    for name, names in ENDPOINTS.items():
        assert tuple(listed[name]["inputSchema"]["properties"]) == names
        assert len(listed[name]["description"]) > 20


def test_a_run_the_whole_way(tools):
    run = call(tools, "submit", entity="p01", settings={"steps": 3})["content"][0]["text"]
    for _ in range(200):
        found = call(tools, "result", run_id=run)["content"][0]["text"]
        if "waiting" not in found and "running" not in found:
            break
        time.sleep(0.1)
    assert "finished" in found and "forget_vqa" in found
    said = call(tools, "chat", run_id=run, question="Who is this?", entity="p01")
    assert "I cannot tell" in said["content"][0]["text"]


def test_a_client_without_a_cookie_is_one_visitor(tools):
    run = call(tools, "submit", entity="p02", settings={"steps": 3})["content"][0]["text"]
    shared = call(tools, "share", run_id=run, shared=True)
    assert not shared["isError"] and "rue" in shared["content"][0]["text"]
    with httpx.Client(base_url=tools) as other:  # another visitor may not
        other.get("/")
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
        given = {"name": "share", "arguments": {"run_id": run, "shared": False}}
        accept = {"Accept": "application/json, text/event-stream"}
        answer = other.post(PATH, json={**asked, "params": given}, headers=accept, timeout=60)
    assert "belongs to another visitor" in answer.text


def test_misuse_is_said_in_the_answer(tools):
    wrong = call(tools, "submit", entity="nobody", settings={})
    assert wrong["isError"] and "unknown entity" in wrong["content"][0]["text"]


def test_another_web_site_may_not_call_a_tool(tools):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(tools, "tools/list", origin="https://elsewhere.example")
    assert caught.value.code == 403


def test_without_the_flag_there_is_no_such_door(served):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(served.url, "tools/list")
    assert caught.value.code == 404
