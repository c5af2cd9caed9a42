"""Pinned versions: every package's, by its plain number, and the same in every file."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)")  # no local suffix, extra, marker or address


def pins(name: str) -> dict[str, str]:
    return pinned(
        line
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )


def pinned(wanted: Iterable[str]) -> dict[str, str]:
    lines = list(wanted)
    found = [PIN.fullmatch(line) for line in lines]
    assert all(found), [line for line, match in zip(lines, found, strict=True) if not match]
    return {re.sub(r"[-_.]+", "-", match[1]).lower(): match[2] for match in found}


def test_every_requirement_is_one_version_and_the_constraints_agree() -> None:
    wanted, constrained = pins("requirements.txt"), pins("constraints.txt")
    assert wanted["gradio"] == "6.31.0" and wanted["torch"] == "2.13.0"
    assert wanted.items() <= constrained.items()
    assert len(constrained) > len(wanted)


def test_what_the_checks_need_is_pinned_apart_from_what_the_app_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dev = pinned(project["optional-dependencies"]["dev"])
    assert {"pytest", "ruff", "mypy", "peft"} <= dev.keys()
    assert dev.items() <= pins("constraints.txt").items()
    assert not dev.keys() & pins("requirements.txt").keys()


def test_what_the_page_stands_on_is_pinned_too() -> None:
    installed = {re.sub(r"[-_.]+", "-", d.name).lower() for d in distributions()}
    assert {
        "starlette",
        "uvicorn",
        "fastapi",
        "gradio-client",
        "httpx",
        "pydantic",
        "huggingface-hub",
    } <= (pins("constraints.txt").keys() & installed)


def test_the_constraints_say_in_one_line_what_made_them() -> None:
    comments = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line.startswith("#")
    ]
    assert len(comments) == 1 and "make constraints" in comments[0]


@pytest.mark.parametrize("changed", ["requirements.txt", "constraints.txt", "pyproject.toml"])
def test_a_changed_pin_is_installed_under_the_constraints(changed: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "run"], cwd=ROOT, capture_output=True, text=True
    )
    installs = [line for line in done.stdout.splitlines() if "pip install" in line]
    assert len(installs) == 2 and all("-c constraints.txt" in line for line in installs)
    stale = subprocess.run(
        ["make", "--dry-run", f"--what-if={changed}", "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "pip install" in stale.stdout
