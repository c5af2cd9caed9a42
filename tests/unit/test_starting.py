"""Starting: what cannot be is one line on stderr and exit code 2, before anything is loaded."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.test_text import CAPITALS, ENGLISH

ROOT = Path(__file__).resolve().parents[2]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}


def started(
    words: Sequence[str], megabytes: int = 0, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with these words, with so many megabytes of addresses (0: as many as there are)."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20,) * 2)

    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
        timeout=120,
        preexec_fn=limit if megabytes else None,
    )


def refused(words: Sequence[str], *named: str, megabytes: int = 0) -> str:
    done = started(words, megabytes)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("lab: ") and done.stderr.count("\n") == 1, done.stderr
    assert all(word in done.stderr for word in named), done.stderr
    return done.stdout


@pytest.mark.parametrize("port", ["-1", "99999", "65536", "http"])
def test_a_port_that_is_none(port: str) -> None:
    refused(["app.py", "--port", port], f"--port {port}", "from 0 to 65535")


@pytest.mark.parametrize("program", [["app.py"], ["-m", "lab", "people"], ["-m", "lab", "bench"]])
@pytest.mark.parametrize("threads", ["-3", "100000", "many"])
def test_a_number_of_threads_that_is_none(program: list[str], threads: str) -> None:
    refused([*program, "--threads", threads], f"--threads {threads}", "from 0 to")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_port_in_use_is_told_before_anything_is_loaded(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = refused(
            ["app.py", "--room", "--host", host, "--port", str(port)],
            f":{port}",
            "give another --port",
        )
    assert "Starting" not in done


def test_an_address_this_machine_has_not() -> None:
    refused(["app.py", "--room", "--host", "192.0.2.1", "--port", "0"], "192.0.2.1", "--host")


@pytest.mark.parametrize("words", [["app.py"], ["-m", "lab", "bench"]])
@pytest.mark.parametrize("megabytes", [300, 900, 2440])
def test_too_little_memory_tells_what_is_needed_and_there(words: list[str], megabytes: int) -> None:
    refused(
        [*words],
        "5.0 GB of addresses are needed",
        f"{megabytes // 1024}.",
        "ulimit -v",
        megabytes=megabytes,
    )


@pytest.mark.parametrize("megabytes", [300, 600])
def test_a_command_without_a_model_tells_too_little_memory_too(megabytes: int) -> None:
    done = started(["-m", "lab", "people", "--preset", "demo"], megabytes)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.splitlines()[-1].startswith("lab: too little memory")


@pytest.mark.parametrize(
    "raised",
    [
        MemoryError(),
        RuntimeError("can't start new thread"),
        OSError(12, "Cannot allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    ],
)
def test_every_name_of_too_little_memory_ends_in_one_line(raised: Exception, capsys) -> None:
    from lab.cli.starting import one_line
    from lab.errors import LabError

    def late() -> None:
        try:
            raise raised
        except Exception:
            raise LabError("assets cannot be read: restore them") from None  # a guess that is wrong

    def itself() -> None:
        raise raised

    for fails in (itself, late):
        with pytest.raises(SystemExit) as ended, one_line():
            fails()
        said = capsys.readouterr().err
        assert (
            ended.value.code == 2
            and said.startswith("lab: too little memory")
            and said.count("\n") == 1
        )
    with pytest.raises(RuntimeError, match="a fault"), one_line():
        raise RuntimeError("a fault")


def test_memory_that_ends_while_loading_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lab.errors import LabError
    from lab.model import tiny_models
    from lab.model.load import load

    def full(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("lab.model.load._read", full)
    with pytest.raises(LabError, match="too little memory"):
        load(str(tiny_models.save(tmp_path / "clip", "clip")), "none", "cpu", lambda _: None)


def test_addresses_count_where_they_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from lab.model.memory import available_mb

    monkeypatch.setattr("lab.model.memory.addresses_mb", lambda: 12.0)
    assert available_mb(torch.device("cpu")) == 12.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["app.py", "--help"],
        ["-m", "lab", "people", "--preset", "demo"],
        ["-m", "lab", "study", "--help"],
    ],
)
def test_an_ascii_terminal_can_be_written_to(words: list[str]) -> None:
    done = started(words, **ASCII)
    assert done.returncode == 0 and done.stdout.isascii(), done.stderr


@pytest.mark.slow
def test_an_ascii_terminal_sees_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    done = started(["app.py", "--port", "0", "--preset", "nosuch"], **ASCII)
    assert done.returncode == 2 and "\\u2026" in done.stdout
    assert done.stderr.startswith("lab: ") and done.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_lab_runs_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab", "people", "--json"],
        cwd=tmp_path,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and len(json.loads(done.stdout)) >= 40, done.stderr


def test_a_model_folder_is_found_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lab.model.source import find_model

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert find_model("mine") == tmp_path / "mine"
    assert find_model("assets/model/vanilla") == ROOT / "assets" / "model" / "vanilla"


def test_without_its_checkout_the_lab_says_what_is_missing(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    from lab.cli.main import main

    monkeypatch.setattr("lab.recipe.PRESETS", tmp_path / "presets")
    with pytest.raises(SystemExit) as ended:
        main(["people"])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and "pip install -e ." in said and said.count("\n") == 1


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple, dict]]:
    """What the page is launched with; no engine is made."""
    calls: list[tuple[tuple, dict]] = []
    monkeypatch.setattr(
        "lab.serve.local.LocalEngine",
        lambda *_, text, **__: f"engine in {text.language if text else 'any language'}",
    )
    monkeypatch.setattr("lab.ui.page.launch", lambda *given, **more: calls.append((given, more)))
    return calls


def test_tools_for_mcp_are_asked_for_by_a_flag_and_need_their_package(
    served, monkeypatch, capsys
) -> None:
    import app

    monkeypatch.setattr("lab.cli.serve.has_package", lambda name: name == "mcp")
    app.main(["--port", "0", "--mcp"])
    [(_, more)] = served
    assert more["mcp"] is True and "/gradio_api/mcp/" in capsys.readouterr().out
    monkeypatch.setattr("lab.cli.serve.has_package", lambda name: False)
    with pytest.raises(SystemExit) as ended:
        app.main(["--port", "0", "--mcp"])
    error = capsys.readouterr().err
    assert ended.value.code == 2 and "pip install -e '.[mcp]'" in error and error.count("\n") == 1


def test_further_host_names_and_a_free_port_are_handed_on(served, capsys) -> None:
    import app

    app.main(["--port", "0", "--allow-host", "lab.example", "--allow-host", "other.example"])
    [((engine, host, port), more)] = served
    assert engine == "engine in any language" and host == "127.0.0.1" and port > 0
    assert more == {
        "allow_hosts": ("lab.example", "other.example"),
        "allow_frames": (),
        "language": None,
        "mcp": False,
        "quiet": False,
        "room": None,
        "days": 0,
    }
    assert capsys.readouterr().err == ""


def test_the_page_and_the_reports_are_served_in_one_language(served, monkeypatch) -> None:
    import app

    spoken = {"en": ENGLISH, "capitals": CAPITALS}
    monkeypatch.setattr("lab.cli.common.catalogue", lambda code="en": spoken[code])
    app.main(["--port", "0", "--language", "capitals"])
    [((engine, *_), more)] = served
    assert engine == "engine in capitals" and more["language"] == "capitals"


@pytest.mark.parametrize(
    ("words", "fixed"),
    [
        ([], False),
        (["--no-allow-change"], True),
        (["--room", "--host", "0.0.0.0"], True),
        (["--room", "--host", "0.0.0.0", "--allow-change"], False),
        (["--room"], True),  # a room on this machine is for others too, by a proxy
    ],
)
def test_visitors_of_other_machines_change_the_model_only_if_that_is_allowed(
    words: list[str], fixed: bool, served, monkeypatch
) -> None:
    import app

    monkeypatch.setattr("lab.serve.local.LocalEngine", lambda *_, fixed, **__: fixed)
    monkeypatch.setattr("lab.cli.serve._room", lambda *_: None)
    app.main(["--port", "0", *words])
    [((engine, *_), _)] = served
    assert engine is fixed


@pytest.mark.parametrize(
    ("words", "alone"),
    [
        ([], True),
        (["--host", "localhost"], True),
        (["--room", "--host", "0.0.0.0"], False),
        (["--room"], False),
        (["--allow-host", "lab.example.org"], False),  # a proxy brings others here
    ],
)
def test_who_serves_this_machine_alone_owns_what_is_nobodys(
    words: list[str], alone: bool, served, monkeypatch
) -> None:
    import app

    monkeypatch.setattr("lab.serve.local.LocalEngine", lambda *_, alone, **__: alone)
    monkeypatch.setattr("lab.cli.serve._room", lambda *_: None)
    app.main(["--port", "0", *words])
    [((engine, *_), _)] = served
    assert engine is alone


def test_garbage_is_not_looked_for_until_the_model_is_open(served, monkeypatch) -> None:
    import gc

    import app
    from lab.errors import LabError

    def damaged(*_) -> None:
        seen.append(gc.isenabled())
        raise LabError("no such model")

    def engine(*given, open_bench, text, fixed, alone, remember) -> None:
        seen.append(gc.isenabled())
        with pytest.raises(LabError):
            open_bench(*given[:1], print, 1)
        seen.append(gc.isenabled())

    seen: list[bool] = []
    monkeypatch.setattr("lab.evaluation.session.open_workbench", damaged)
    monkeypatch.setattr("lab.serve.local.LocalEngine", engine)
    app.main(["--port", "0"])
    assert seen == [False, False, True] and gc.isenabled()
    monkeypatch.setattr("lab.serve.local.LocalEngine", lambda *_, open_bench, **__: None)
    app.main(["--port", "0"])
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("host", "open_to_all"),
    [("127.0.0.1", False), ("localhost", False), ("127.0.0.2", False), ("0.0.0.0", True)],
)
def test_an_open_address_needs_a_room_or_a_password(
    host: str, open_to_all: bool, served, capsys
) -> None:
    import app

    if not open_to_all:
        app.main(["--port", "0", "--host", host])
        assert len(served) == 1
        return
    with pytest.raises(SystemExit) as ended:
        app.main(["--port", "0", "--host", host])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.startswith("lab: ") and said.count("\n") == 1
    assert "--room" in said and "--password-file" in said and served == []


def test_a_room_prints_its_code_and_the_teachers_link(
    served, monkeypatch, tmp_path: Path, capsys
) -> None:
    import app
    from tests.ui.fake_engine import FakeEngine

    monkeypatch.setenv("LAB_CACHE", str(tmp_path))
    monkeypatch.setattr("lab.serve.local.LocalEngine", lambda *_, **__: FakeEngine(tmp_path))
    monkeypatch.setattr("lab.serve.classroom.forgetting.keep_forgetting", lambda *_: None)
    app.main(["--room", "--port", "0", "--forget-after", "3"])
    [(_, more)] = served
    room, said = more["room"], capsys.readouterr().out
    assert more["days"] == 3 and f"give the code {room.state.code}" in said
    assert f"/teacher#{room.state.key}" in said and "deleted after 3 days" in said


@pytest.mark.parametrize(
    ("words", "mode", "named"),
    [
        ("long enough", 0o644, "chmod o="),
        ("long enough", 0o602, "chmod o="),
        ("short", 0o600, "fewer than 8"),
        ("", 0o600, "fewer than 8"),
        (None, 0o600, "cannot read --password-file"),
    ],
)
def test_a_password_file_that_is_no_secret(
    words: str | None, mode: int, named: str, served, tmp_path: Path, capsys
) -> None:
    import app

    file = tmp_path / "password"
    if words is not None:
        file.write_text(words + "\n")
        file.chmod(mode)
    with pytest.raises(SystemExit) as ended:
        app.main(["--port", "0", "--host", "0.0.0.0", "--password-file", str(file)])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and named in said and said.count("\n") == 1 and served == []


@pytest.mark.parametrize("words", [["--room", "--forget-after", "0"], ["--forget-after", "5"]])
def test_days_that_are_none_and_days_without_a_room(words: list[str], served, capsys) -> None:
    import app

    with pytest.raises(SystemExit) as ended:
        app.main(["--port", "0", *words])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and "--forget-after" in said and said.count("\n") == 1


def test_a_port_taken_in_the_meantime_is_one_line(served, monkeypatch, capsys) -> None:
    import app

    def taken(*_, **__):
        raise OSError("Cannot find empty port in range: 7860-7860.")

    monkeypatch.setattr("lab.ui.page.launch", taken)
    with pytest.raises(SystemExit) as ended:
        app.main(["--port", "0"])
    said = capsys.readouterr().err
    assert (
        ended.value.code == 2 and said.startswith("lab: cannot serve on") and said.count("\n") == 1
    )


ARENAS = """
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
if not hasattr(libc, "malloc_info") or not hasattr(libc, "mallopt"):
    raise SystemExit("no arenas")
if sys.argv[2] == "one":
    from lab.cli.starting import one_arena
    one_arena()
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
meet = threading.Barrier(8)
def work():
    meet.wait()
    for _ in range(200):
        libc.malloc(ctypes.c_size_t(1000))
    meet.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def test_the_server_keeps_few_kernels_unless_told_otherwise(monkeypatch) -> None:
    from lab.cli.starting import KERNELS, few_kernels

    name, few = KERNELS
    monkeypatch.setenv(name, "7")
    few_kernels()
    assert os.environ[name] == "7"
    monkeypatch.delenv(name)
    few_kernels()
    assert os.environ[name] == few == "256"


def test_the_server_has_its_memory_from_one_arena(tmp_path: Path) -> None:
    told = tmp_path / "info.xml"

    def arenas(how: str) -> int:
        done = started(["-c", ARENAS, str(told), how])
        if "no arenas" in done.stderr:
            pytest.skip("this system's C library has no arenas")
        assert done.returncode == 0, done.stderr
        return told.read_text(encoding="utf-8").count("<heap nr=")

    assert arenas("as it is") > arenas("one") == 1
