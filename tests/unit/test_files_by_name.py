"""How the lab's code opens and writes files: text is UTF-8 by name, and no table holds a formula."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    ROOT / "app.py",
    *(p for folder in ("lab", "assets/build") for p in sorted((ROOT / folder).rglob("*.py"))),
]


def calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def mode(call: ast.Call, place: int, default: str) -> str | None:
    """The mode a call opens with; None where what stands there is no mode."""
    named = [k.value for k in call.keywords if k.arg == "mode"]
    given = named or call.args[place : place + 1]
    if not given:
        return default
    return (
        given[0].value
        if isinstance(given[0], ast.Constant) and isinstance(given[0].value, str)
        else None
    )


def is_text(call: ast.Call) -> bool:
    """Whether the call reads or writes text, in whatever encoding the machine has."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    words = {k.arg for k in call.keywords}
    if name in ("run", "Popen", "check_output", "check_call"):
        return bool({"text", "universal_newlines"} & words)
    if name in ("read_text", "write_text"):
        return len(call.args) <= (
            name == "write_text"
        )  # the encoding may stand there without its name
    if name == "open" and owner not in ("os", "Image", "zipfile", "tarfile", "self._worker"):
        asked = mode(call, 0 if owner not in ("", "io", "builtins") else 1, "r")
    elif name in ("NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile"):
        asked = mode(call, 0, "w+b")
    elif name in ("fdopen", "TextIOWrapper"):
        asked = mode(call, 1, "r") if name == "fdopen" else "r"
    else:
        return False
    return asked is not None and "b" not in asked


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("open('x')", True),
        ("open('x', 'rb')", False),
        ("open(p, mode='w')", True),
        ("open('x', encoding='utf-8')", False),
        ("p.open()", True),
        ("p.open('w')", True),
        ("p.open('rb')", False),
        ("pack.open(member)", False),
        ("Image.open('x')", False),
        ("os.open('x', 0)", False),
        ("p.read_text()", True),
        ("p.read_text('utf-8')", False),
        ("p.write_text('x')", True),
        ("p.write_text('x', 'utf-8')", False),
        ("p.write_text('x', encoding='utf-8')", False),
        ("NamedTemporaryFile()", False),
        ("NamedTemporaryFile('w')", True),
        ("subprocess.run(x)", False),
        ("subprocess.run(x, text=True)", True),
        ("subprocess.run(x, text=True, encoding='utf-8')", False),
    ],
)
def test_the_watch_over_encodings_sees(source: str, found: bool) -> None:
    call = ast.parse(source).body[0].value  # type: ignore[attr-defined]
    assert unnamed(call) is found


def unnamed(call: ast.Call) -> bool:
    """Whether a call is of text whose encoding it does not name."""
    return is_text(call) and "encoding" not in {k.arg for k in call.keywords}


def test_every_text_file_is_utf8_by_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call)[:60]}"
        for path in SOURCES
        for call in calls(path)
        if unnamed(call)
    ]
    assert len(SOURCES) > 100 and not found


def test_every_table_of_the_lab_is_guarded() -> None:
    open_ones = []
    for path in SOURCES:
        for call in calls(path):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "to_csv":
                made_by = ast.unparse(call.func.value)
                if (
                    not made_by.startswith("guarded(") and path.parent.name != "report"
                ):  # numbers alone there
                    open_ones.append(f"{path.name}: {ast.unparse(call)}")
    assert not open_ones
