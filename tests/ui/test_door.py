"""The door: who may call what, under which names, and what the browser is told."""

import http.client
import json
import socket
import threading
import time
from urllib.parse import urlsplit

import gradio_client
import pytest

from lab.report.text import catalogue
from lab.ui import page, served
from lab.ui.hosts import Hosts
from tests.ui import walk
from tests.ui.conftest import free_port
from tests.ui.fake_engine import FakeEngine

JSON = {"Content-Type": "application/json"}


def ask(url: str, method: str, path: str, body=None, headers=None) -> tuple[int, dict, str]:
    """One request as it is written here; returns status, headers and text."""
    line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    sent = json.dumps(body) if isinstance(body, (dict, list)) else body
    line.request(method, path, sent, {**JSON, **(headers or {})})
    answer = line.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    raw = answer.read() if "event-stream" not in found.get("content-type", "") else b""
    line.close()
    return answer.status, found, raw.decode("utf-8", "replace")


def numbers(url: str) -> dict[str, int]:
    """The handlers' numbers by name, as the page itself learns them."""
    config = json.loads(ask(url, "GET", "/config", headers={"Accept-Encoding": "identity"})[2])
    return {d["api_name"]: d["id"] for d in config["dependencies"]}


def test_private_handlers_answer_to_no_name(fake):
    hidden = [name for name in numbers(fake.url) if name not in page.api.ENDPOINTS]
    assert "change_model" in hidden and "delete" in hidden
    for name in (*hidden, "0", "predict"):
        for spelling in ("call/{}", "call/v2/{}", "call/{}/", "run/{}", "api/{}"):
            if spelling.format(name) != "run/predict":
                path = "/gradio_api/" + spelling.format(name)
                for body in ({"data": ["x"]}, {"data": ["x"], "fn_index": 5}, {}):
                    assert ask(fake.url, "POST", path, body)[0] == 404, path
    assert fake.engine.menu.edition == 0


def test_queued_handlers_do_not_answer_to_their_number_without_the_queue(fake):
    change = numbers(fake.url)["change_model"]
    body = {"data": ["other", "few", "none"], "fn_index": change, "session_hash": "abc"}
    for path in ("run/predict", "call/status", "api/predict"):
        assert ask(fake.url, "POST", f"/gradio_api/{path}", body)[0] in (404, 422)
    assert fake.engine.status().changing is None and fake.engine.menu.edition == 0


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/gradio_api/file=http://example.org/x.png"),
        ("POST", "/gradio_api/process_recording"),
        ("GET", "/gradio_api/proxy=https://x.hf.space/"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/vibe-edit"),
        ("GET", "/gradio_api/deep_link?session_hash=x"),
        ("POST", "/gradio_api//call/delete"),
        ("POST", "/x/gradio_api/call/delete"),
    ],
)
def test_what_the_page_does_not_need_is_closed(fake, method, path):
    assert ask(fake.url, method, path, {"data": []})[0] == 404


@pytest.mark.parametrize(
    "host, code",
    [
        ("evil.example.org", 400),
        ("127.0.0.1.evil.example.org:80", 400),
        ("", 400),
        ("[::1", 400),
        ("10.1.2.3", 400),
        ("localhost", 200),
        ("LOCALHOST:7860", 200),
        ("[::1]:7860", 200),
    ],
)
def test_only_names_of_this_lab_are_answered(fake, host, code):
    for path in ("/config", "/gradio_api/info"):
        status, _, words = ask(fake.url, "GET", path, headers={"Host": host})
        assert status == code
        assert code == 200 or "--allow-host" in words and len(words.splitlines()) == 1


def test_a_lab_for_others_knows_its_own_names_its_addresses_and_those_given():
    hosts = Hosts("0.0.0.0", ["lab.example.org"])
    for name in (
        "localhost",
        "127.0.0.1:7860",
        "192.168.7.9:7860",
        "[fe80::1]:7860",
        socket.gethostname(),
        "Lab.example.org:443",
    ):
        assert hosts.welcome(name), name
    assert not hosts.welcome("evil.example.org") and not hosts.welcome("a:b:c")
    assert Hosts("127.0.0.1", ["*"]).welcome("anything.example.org")
    assert Hosts("10.1.2.3", []).welcome("10.1.2.3:7860")
    assert not Hosts("10.1.2.3", []).welcome("10.1.2.4")


def test_launch_takes_the_names(tmp_path):
    demo = page.launch(
        FakeEngine(tmp_path),
        port=free_port(),
        allow_hosts=["lab.example.org"],
        prevent_thread_lock=True,
        quiet=True,
    )
    for name, code in (("lab.example.org", 200), ("evil.example.org", 400)):
        assert ask(demo.local_url, "GET", "/config", headers={"Host": name})[0] == code
    demo.close()


def test_another_site_cannot_send(fake):
    body = {"data": [], "session_hash": "x"}
    for origin in ("http://evil.example.org", "null", "http://127.0.0.1:1"):
        for path in ("queue/join", "call/status", "upload", "cancel"):
            assert ask(fake.url, "POST", f"/gradio_api/{path}", body, {"Origin": origin})[0] == 403
    assert (
        ask(fake.url, "POST", "/gradio_api/call/status", {"data": []}, {"Origin": fake.url})[0]
        == 200
    )


def test_browsers_are_told_to_keep_out_all_others(fake):
    for path in (
        "/",
        "/config",
        "/gradio_api/info",
        "/theme.css",
        "/nothing",
        "/gradio_api/file=/etc/passwd",
    ):
        _, headers, _ = ask(fake.url, "GET", path)
        assert headers["x-frame-options"] == "DENY" and headers["referrer-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert rules["default-src"] == "'self'" and rules["frame-ancestors"] == "'none'"
        assert "unsafe-inline" not in rules["script-src"] and "http" not in "".join(rules.values())


@pytest.mark.ui
def test_the_policy_stops_an_inline_handler_and_another_host_but_not_the_page(fake, browser):
    context = browser.new_context()
    tab, said = context.new_page(), []
    tab.on("console", lambda m: said.append(m.text))
    tab.goto(fake.url)
    tab.wait_for_selector("#people img")
    assert not any("Content Security Policy" in words for words in said)
    tab.evaluate("""() => {
      const holder = document.createElement('div');
      holder.innerHTML = '<img src="x:" onerror="window.broken = 1"><img src="http://localhost:9/a.png">';
      holder.firstChild.addEventListener('error', () => { window.failed = 1; });  // after the inline one
      document.body.append(holder); }""")
    tab.wait_for_function("window.failed === 1")
    walk.until(tab, lambda: sum("Content Security Policy" in words for words in said) >= 2)
    assert tab.evaluate("window.broken") is None
    context.close()


@pytest.mark.ui
def test_the_footers_panels_work_under_the_policy(fake, browser):
    context = browser.new_context()
    tab, said = context.new_page(), []
    tab.on("console", lambda m: said.append(m.text))
    for button, words in (("Settings", "Settings"), ("API", "/submit")):
        tab.goto(fake.url)
        tab.wait_for_selector("#people img")
        tab.get_by_role("button", name=button).last.click()
        tab.get_by_text(words).first.wait_for()
    assert not [words for words in said if "Content Security Policy" in words]
    context.close()


@pytest.mark.ui
def test_the_queue_is_the_pages_own_way(fake, open_tab):
    tab = open_tab(fake.url)
    walk.reach(tab, 2, fake.patience)


def test_one_visitor_who_fills_the_queue_shuts_nobody_out(tmp_path):
    engine, hang, waiting = FakeEngine(tmp_path), threading.Event(), []

    def chat(*_, **__):
        waiting.append(1)
        hang.wait(60)
        yield ("late",)

    engine.chat = chat
    demo = page.launch(engine, port=free_port(), prevent_thread_lock=True, quiet=True)
    try:
        config = demo.config
        question = next(
            c["id"] for c in config["components"] if c["props"].get("elem_id") == "question"
        )
        ask_it = next(d for d in config["dependencies"] if question in d["inputs"])
        data = ["Who is this?" if number == question else None for number in ask_it["inputs"]]
        body = {"data": data, "fn_index": ask_it["id"], "session_hash": "greedy"}
        asked = {ask(demo.local_url, "POST", "/gradio_api/queue/join", body)[0] for _ in range(120)}
        assert asked == {200} and len(waiting) >= 1
        time.sleep(1)
        client = gradio_client.Client(demo.local_url, verbose=False)
        started = time.monotonic()
        assert client.predict(api_name="/status")["ready"] is True
        assert len(client.predict(api_name="/entities")) == 30
        assert time.monotonic() - started < 10
    finally:
        hang.set()
        demo.close()


def test_uploads_have_a_total_and_old_ones_make_way(fake, monkeypatch):
    def send(size: int) -> tuple[int, str]:
        edge = "----edge"
        body = (
            f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n'
            + "x" * size
            + f"\r\n--{edge}--\r\n"
        )
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        status, _, words = ask(fake.url, "POST", "/gradio_api/upload", body, kind)
        return status, words

    there = served.Uploads(catalogue())._files()
    for file in there:  # what earlier tests left must not be old enough to make way
        served.os.utime(file)
    monkeypatch.setattr(served, "QUOTA_BYTES", 3000 + sum(f.stat().st_size for f in there))
    status, words = send(2000)
    assert status == 200
    first = served.Path(json.loads(words)[0])
    status, words = send(2001)
    assert status == 413 and "too many uploads" in words and first.exists()
    served.os.utime(first, (1, 1))
    assert send(2002)[0] == 200 and not first.exists()
    status, words = ask(
        fake.url, "POST", "/gradio_api/upload", None, {"Content-Length": str(10**10)}
    )[::2]
    assert status == 413 and "257 MB" in words


def test_what_is_sent_has_a_length_and_a_limit(fake):
    def refused(path: str, **headers: str) -> tuple[int, str]:
        return ask(fake.url, "POST", f"/gradio_api/{path}", None, headers)[::2]

    chunked = {"Transfer-Encoding": "chunked"}
    assert refused("queue/join", **{"Content-Length": str(17 << 20)}) == (
        413,
        '{"detail":"The request is larger than 16 MB in total. Send less at once."}',
    )
    line = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=20)
    line.request(
        "POST", "/gradio_api/upload", iter([b"x"]), {**JSON, **chunked}, encode_chunked=True
    )
    assert line.getresponse().status == 411
    line.close()
    # a length and parts: the server would read the parts, however long they are
    both = {**JSON, **chunked, "Content-Length": "10"}
    for path in ("queue/join", "upload"):
        line = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=20)
        line.request("POST", f"/gradio_api/{path}", iter([b"x" * 99]), both, encode_chunked=True)
        assert line.getresponse().status == 411
        line.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::1", "::"])
def test_other_hosts_can_be_bound(tmp_path, host):
    if ":" in host and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    port = free_port()
    try:
        demo = page.launch(
            FakeEngine(tmp_path), host=host, port=port, prevent_thread_lock=True, quiet=True
        )
    except OSError:
        pytest.skip(f"{host} cannot be bound here")
    name = "127.0.0.1" if host == "0.0.0.0" else "[::1]"
    for asked, code in ((name, 200), (f"{name}:{port}", 200), ("evil.example.org", 400)):
        assert ask(f"http://{name}:{port}", "GET", "/config", headers={"Host": asked})[0] == code
    demo.close()
