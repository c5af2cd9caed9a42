"""The files for a server: each can be read, and says what the lab needs of it."""

from __future__ import annotations

import asyncio
import configparser
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from lab.cli import main as cli
from lab.files import ROOT
from lab.ui.api import ENDPOINTS
from lab.ui.classroom.gate import address_of
from lab.ui.door import MOST_UPLOAD
from lab.ui.health import HEALTH, METRICS

HEARTBEAT = 15  # seconds between two signs of life in Gradio's streams
PINS = dict(
    line.split("==")
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if "==" in line
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def served(words: list[str]) -> Any:
    """The options of a command that serves the lab, read by the lab's own parser."""
    return cli._parser().parse_args(words[words.index("serve") :])


# -- nginx ----------------------------------------------------------------------------------


def nginx(text: str) -> list[tuple[str, Any]]:
    """Directives as (words, None) and blocks as (words, content); raises where a brace is missing."""
    words = re.findall(r'"[^"]*"|[{};]|[^\s{};"]+', re.sub(r"#.*", "", text))
    stack: list[list[tuple[str, Any]]] = [[]]
    heads: list[str] = []
    now: list[str] = []
    for word in words:
        if word == ";":
            assert now, "an empty directive"
            stack[-1].append((" ".join(now), None))
            now = []
        elif word == "{":
            heads.append(" ".join(now))
            stack.append([])
            now = []
        elif word == "}":
            assert not now and heads, "a directive without its end, or a brace too many"
            content = stack.pop()
            stack[-1].append((heads.pop(), content))
        else:
            now.append(word)
    assert not heads and not now, "a block that is not closed"
    return stack[0]


def block(inside: list[tuple[str, Any]], name: str) -> list[tuple[str, Any]]:
    [found] = [content for head, content in inside if head == name and content is not None]
    return found


def lines(inside: list[tuple[str, Any]]) -> set[str]:
    return {head for head, content in inside if content is None}


def seconds(word: str) -> int:
    return int(word[:-1]) * {"s": 1, "m": 60, "h": 3600}[word[-1]]


def test_a_broken_proxy_file_is_found() -> None:
    for text in ("a { b c; ", "a b", "a { b }", "a; }"):
        with pytest.raises(AssertionError):
            nginx(text)


def test_nginx_holds_no_stream_back_and_cuts_none_off() -> None:
    *_, (_, site) = nginx(read("docs/deploy/nginx.conf"))
    there = lines(block(site, "location /"))
    assert {
        "proxy_buffering off",
        "proxy_http_version 1.1",
        "proxy_set_header Host $http_host",
        "proxy_set_header X-Forwarded-For $remote_addr",  # not what the client says of itself
    } <= there
    waits = dict(
        line.split() for line in there if line.endswith(("s", "m", "h")) and "timeout" in line
    )
    assert seconds(waits["proxy_read_timeout"]) > 4 * HEARTBEAT
    assert "listen 443 ssl http2" in lines(site)
    [size] = [line.split()[1] for line in lines(site) if line.startswith("client_max_body_size")]
    assert int(size.removesuffix("m")) * 2**20 >= MOST_UPLOAD
    assert lines(block(site, f"location = {METRICS}")) == {"return 404"}
    assert "auth_basic off" in lines(block(site, f"location = {HEALTH}"))
    assert any(line.startswith("auth_basic_user_file") for line in lines(site))


# -- Caddy ----------------------------------------------------------------------------------


def test_caddy_holds_no_stream_back_and_cuts_none_off() -> None:
    text = re.sub(r"(^|\s)#.*", "", read("docs/deploy/Caddyfile"))
    assert text.count("{") == text.count("}")
    said = {" ".join(line.split()) for line in text.splitlines() if line.strip()}
    assert {"flush_interval -1", "@metrics path /metrics", "respond @metrics 404"} <= said
    assert "@people not path /healthz" in said and "basic_auth @people {" in said
    values = dict(line.split() for line in said if len(line.split()) == 2 and "{" not in line)
    assert seconds(values["read_timeout"]) > 4 * HEARTBEAT
    assert int(values["max_size"].removesuffix("MiB")) * 2**20 >= MOST_UPLOAD


@pytest.mark.parametrize("name", ["docs/deploy/nginx.conf", "docs/deploy/Caddyfile"])
def test_the_proxies_ask_where_the_unit_serves(name: str) -> None:
    options = served(shlex.split(unit()["Service"]["ExecStart"]))
    assert f"{options.host}:{options.port}" in read(name)
    assert options.allow_host[0] in read(name)


# -- systemd --------------------------------------------------------------------------------


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(read("docs/deploy/mllm-lab.service"))
    return parser


def test_the_unit_starts_the_lab_for_a_proxy_and_lets_it_write_to_its_folder_alone() -> None:
    service = unit()["Service"]
    words = shlex.split(service["ExecStart"])
    options = served(words)
    assert options.host == "127.0.0.1" and options.log_format == "json"
    assert options.allow_change is False  # whoever comes through the proxy
    assert words[0] == f"{service['WorkingDirectory']}/.venv/bin/mllm-lab"
    assert service["DynamicUser"] == "yes" and service["ProtectSystem"] == "strict"
    folder = f"/var/lib/{service['StateDirectory']}"
    places = dict(word.split("=") for word in service["Environment"].split())
    assert places["HOME"] == folder and places["LAB_CACHE"].startswith(f"{folder}/")
    assert service["KillSignal"] == "SIGINT" and service["SuccessExitStatus"] == "130"
    assert service["RestartPreventExitStatus"] == "2"


# -- containers -----------------------------------------------------------------------------


def dockerfile() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.MULTILINE))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in text.splitlines() if line]


def test_the_image_runs_as_nobody_and_says_how_it_is() -> None:
    steps = dockerfile()
    last = steps[max(k for k, (word, _) in enumerate(steps) if word == "FROM") :]
    said = dict(last)  # the last of each instruction
    assert said["USER"] == "10001" and "--uid 10001" in said["RUN"]
    assert [word for word, _ in last].index("USER") < [word for word, _ in last].index("ENTRYPOINT")
    options = served(json.loads(said["ENTRYPOINT"]))
    assert options.host == "0.0.0.0" and options.room and said["EXPOSE"] == str(options.port)
    assert f"http://127.0.0.1:{options.port}{HEALTH}" in said["HEALTHCHECK"]
    assert said["STOPSIGNAL"] == "SIGINT"
    places = dict(word.split("=", 1) for word in said["ENV"].split())
    for name in ("HOME", "LAB_CACHE", "HF_HOME"):
        assert (places[name] + "/").startswith(said["VOLUME"] + "/"), name
    assert ("ARG", 'TORCH_INDEX=""') in steps
    python = re.match(r"PYTHON=(3\.\d+)", dict(steps[:1])["ARG"])
    assert python and python[1] in ("3.11", "3.12")


def test_what_the_lab_reads_is_not_left_out_of_the_image() -> None:
    left = {line for line in read(".dockerignore").splitlines() if line and line[0] != "#"}
    for name in (
        "lab",
        "assets",
        "presets",
        "requirements.txt",
        "constraints.txt",
        "pyproject.toml",
    ):
        assert name not in left and (ROOT / name).exists()
    assert {".git", ".venv", "tests"} <= left


@pytest.mark.parametrize("name", ["lab", "lab-cuda"])
def test_a_container_writes_to_its_volume_alone(name: str) -> None:
    compose = yaml.safe_load(read("compose.yaml"))
    service = compose["services"][name]
    volume = dict(dockerfile())["VOLUME"]
    assert service["read_only"] is True and service["volumes"] == [f"lab:{volume}"]
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    assert list(compose["volumes"]) == ["lab"] and service["tmpfs"] == ["/tmp"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])  # it has no encryption
    entry = json.loads(dict(dockerfile())["ENTRYPOINT"])
    assert served([*entry, *service["command"]]).allow_host == ["${LAB_HOST:-localhost}"]
    assert (name == "lab-cuda") == ("deploy" in service)


@pytest.mark.usefixtures("own_loop")
@pytest.mark.parametrize(
    ("peer", "seen"),
    [("172.18.0.1", "192.168.7.9"), ("10.88.0.1", "192.168.7.9"), ("203.0.113.5", "203.0.113.5")],
)
def test_a_container_believes_its_proxy_and_nobody_else(peer: str, seen: str) -> None:
    trusted = yaml.safe_load(read("compose.yaml"))["services"]["lab"]["environment"]
    addresses: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        addresses.append(address_of(scope))

    behind = ProxyHeadersMiddleware(app, trusted["FORWARDED_ALLOW_IPS"])
    scope: Any = {"type": "http", "client": (peer, 5000)}
    scope["headers"] = [(b"x-forwarded-for", b"192.168.7.9")]
    asyncio.run(behind(scope, None, None))  # type: ignore[arg-type]
    assert addresses == [seen]


# -- a Space --------------------------------------------------------------------------------


def test_the_readme_tells_a_space_how_to_run_the_lab() -> None:
    _, head, rest = read("README.md").split("---\n", 2)
    about = yaml.safe_load(head)
    assert about["sdk"] == "gradio" and about["sdk_version"] == PINS["gradio"]
    assert about["python_version"] in ("3.11", "3.12")
    assert (ROOT / about["app_file"]).is_file() and about["license"] == "apache-2.0"
    assert len(about["short_description"]) <= 60
    assert rest.lstrip().startswith(f"# {about['title']}\n")


def test_every_endpoint_is_named() -> None:
    section = read("docs/deploy.md").partition("## What answers by name")[2].partition("\n## ")[0]
    named = re.findall(r"`([a-z]+)`", section.partition(". ")[0])
    assert sorted(named) == sorted(ENDPOINTS)


def test_the_deploy_files_are_all_explained() -> None:
    words = read("docs/deploy.md")
    for path in (
        *sorted(Path(ROOT / "docs" / "deploy").iterdir()),
        ROOT / "Dockerfile",
        ROOT / "compose.yaml",
    ):
        assert path.name in words, path.name
