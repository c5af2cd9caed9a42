"""What the core says in English reaches a reader in their language: every sentence, and only those."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import lab
from lab.report.text import catalogue
from lab.report.translated import translated

ROOT = Path(lab.__file__).parent
GERMAN, ENGLISH = catalogue("de"), catalogue()
# Where a visitor of the page meets errors, and what of them is no visitor's to mend.
ROOMS = ("serve", "benchmarks/own.py", "benchmarks/own_files.py", "benchmarks/images.py")


def blank(words: str) -> str:
    """A sentence with nothing at its placeholders."""
    return re.sub(r"\{[^{}]*\}", "{}", words)


def sentence(node: ast.expr) -> str | None:
    """A string or an f-string of the source, with nothing at its placeholders."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return blank(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(n.value if isinstance(n, ast.Constant) else "{}" for n in node.values)
    return None


def trees(*places: str) -> Iterator[ast.Module]:
    for place in places:
        path = ROOT / place
        for file in [path] if path.suffix else path.rglob("*.py"):
            if "text" not in file.parent.parts[-2:]:
                yield ast.parse(file.read_text(encoding="utf-8"))


def test_every_sentence_stands_in_the_core_as_the_catalogue_has_it() -> None:
    there = {
        sentence(node)
        for tree in trees("")
        for node in ast.walk(tree)
        if isinstance(node, ast.expr)
    }
    # put together there: "write question | answer …" after where it stands
    put_together = {"form"}
    assert [
        key
        for key, words in ENGLISH.CORE.items()
        if key not in put_together and blank(words) not in there
    ] == []


def test_every_error_that_a_visitor_may_meet_is_in_the_catalogue() -> None:
    ours = {blank(words) for words in ENGLISH.CORE.values()}
    raised = {
        sentence(node.args[0])
        for tree in trees(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "LabError"
        and node.args
    }
    assert raised - ours - {None, "{}: {}"} == set()
    assert "the question is empty: type one, or pick a suggested question" in raised


def test_a_sentence_is_put_into_the_language_with_what_it_quotes() -> None:
    assert translated("there is nothing to attack yet: unlearn first", GERMAN) == (
        "Es gibt noch nichts anzugreifen: Verlerne zuerst"
    )
    assert translated("8 runs are waiting already: try again later", GERMAN) == (
        "8 Läufe warten schon: Versuche es später noch einmal"
    )
    inner = "not a picture that can be read: use a JPEG, PNG or WebP file"
    assert translated(f"picture 2: {inner}", GERMAN) == (
        "Bild 2: Das ist kein lesbares Bild: Nimm eine Datei in JPEG, PNG oder WebP"
    )
    assert translated("Loading the model (gguf-q4) …", GERMAN) == (
        "Das Modell wird geladen (gguf-q4) …"
    )
    told = {"name": "Ada", "method": "vkd", "seed": 0, "steps": 4}
    note = ENGLISH.EXAMPLE_NOTE.format(**told, date="2026-01-02", machine="a box")
    assert translated(note, GERMAN) == (
        "Beispiel von Ada: vkd, Seed 0, 4 Schritte, 2026-01-02, a box"
    )


def test_english_and_what_nobody_translated_stay_as_they_are() -> None:
    assert translated("there is nothing to attack yet: unlearn first", ENGLISH) == (
        "there is nothing to attack yet: unlearn first"
    )
    assert translated("CUDA error: no kernel image", GERMAN) == "CUDA error: no kernel image"
    assert translated("", GERMAN) == ""
