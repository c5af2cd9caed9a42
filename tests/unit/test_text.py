"""The catalogue of strings: whole in every language, no string missing or unused, passed in everywhere."""

from __future__ import annotations

import ast
import dataclasses
import html
import re
import string
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lab
from lab.catalogue import ATTACKS, METHODS
from lab.errors import LabError
from lab.events import Done
from lab.experiments.studies import STUDIES
from lab.recipe import QUANTIZATIONS, STRENGTHS, AttackRecipe, Recipe, TeachRecipe
from lab.report import curves
from lab.report.attack_bars import attack_bars
from lab.report.markup import percent
from lab.report.page import page as report_page
from lab.report.text import Text, catalogue, languages
from lab.serve.views import RunView
from lab.ui import figures, follow, header, page
from lab.ui.steps import attack, pick, probes, runs
from tests.ui.fake_engine import FakeEngine

ROOT = Path(lab.__file__).parent
TEXT = ROOT / "report" / "text"
ENGLISH = catalogue()
HOLDERS = ("text", "_text")  # what a Text is called where it is used
PROPS = ("value", "label", "info", "placeholder", "choices", "alt_text")  # what a component shows
CODES = {
    *QUANTIZATIONS,
    *(
        choice
        for kind in (Recipe, AttackRecipe)
        for spec in dataclasses.fields(kind)
        for choice in spec.metadata["choices"] or ()
    ),
}  # typed in recipes, so the same in all
LONG = 12  # letters: a shorter piece of English may be part of a name or of code


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple[tuple, str]]:
    """Every string in a nested value, with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from leaves(inner, (*path, key))


def placeholders(words: str) -> set[tuple[str, str | None]]:
    """The names in a string with their formats: how many decimals a number has is the same in all."""
    return {
        (name, spec) for _, name, spec, _ in string.Formatter().parse(words) if name is not None
    }


def strings_of(text: Text) -> dict[tuple, str]:
    """All strings by place, but the words of the glossary: a term has more forms in one language."""
    found = leaves(dict(text.strings))
    return {at: words for at, words in found if (at[0], *at[2:3]) != ("GLOSSARY", 0)}


def faults(text: Text) -> list[str]:
    """Where a language differs from English in its names, or in the placeholders of a string."""
    ours, theirs = strings_of(ENGLISH), strings_of(text)
    found = [f"missing: {key}" for key in ours.keys() - theirs.keys()]
    found += [f"not in English: {key}" for key in theirs.keys() - ours.keys()]
    return found + [
        f"placeholders: {key}"
        for key in ours.keys() & theirs.keys()
        if placeholders(ours[key]) != placeholders(theirs[key])
    ]


# The same in both: names, and the example of a question, for the model understands English alone.
SAME = ("LANGUAGES", "OWN_LINES_HINT")
SHARED = {
    *(
        "mllm",
        "unlearning",
        "lab",
        "standard",
        "original",
        "name",
        "batch",
        "seed",
        "prompts",
        "zoom",
    ),
    *("forget", "retain", "vqa", "neuron", "losses", "entity", "ag", "mb", "min", "benchmark"),
}  # words of German labs, too


def left_in_english(text: Text) -> list[tuple]:
    """The strings that are as in English although they have words of English in them."""
    ours, theirs = strings_of(ENGLISH), strings_of(text)
    return [
        (key, words)
        for key, words in theirs.items()
        if words == ours[key]
        and key[0] not in SAME
        and set(re.findall("[a-z]{2,}", re.sub(r"\{[^}]*\}|<br>", "", words).lower())) - SHARED
    ]


@pytest.mark.parametrize("language", [code for code in languages() if code != "en"])
def test_nothing_is_left_in_english(language: str) -> None:
    assert left_in_english(catalogue(language)) == []
    assert left_in_english(Text("xx", {**catalogue(language).strings, "STOP": ENGLISH.STOP}))


def test_numbers_are_written_as_the_language_writes_them() -> None:
    german = catalogue("de")
    assert percent(0.125, ENGLISH) == "12.5%" and percent(0.125, german) == "12,5\u00a0%"
    assert german.GLANCE_OFF.format(off=1234, total=6720) == "1.234 von 6.720 Neuronen aus"
    assert german.POINTS.format(points=-2.5) == "-2,5 Punkte"
    assert german.NUMBER.format(number=np.float32(0.5)) == "0,5"
    # what is no number keeps its marks
    assert german.PICKED.format(name="A. B, 5%") == "Du hast A. B, 5% gewählt."
    assert ENGLISH.POINTS.format(points=-2.5) == "-2.5 points"
    assert german.FIELDS["Recipe"]["lr"][0].format() == "Lernrate"


def changed(name: str, value: Any) -> Text:
    return Text("xx", {**ENGLISH.strings, name: value})


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_strings_and_placeholders_of_english(language: str) -> None:
    assert faults(catalogue(language)) == []


def test_a_missing_string_and_a_missing_placeholder_are_found() -> None:
    assert faults(changed("TITLE", "x")) == []
    assert faults(Text("xx", {k: v for k, v in ENGLISH.strings.items() if k != "TITLE"}))
    assert faults(changed("NEW", "x")) and faults(changed("STEPS", ENGLISH.STEPS[:5]))
    assert faults(changed("NO_MATCH", "Nobody.")) and faults(changed("TITLE", "{name}"))
    assert faults(changed("SCORES", {k: v for k, v in ENGLISH.SCORES.items() if k != "forget_qa"}))


def test_no_name_is_in_two_files_of_a_language() -> None:
    for language in languages():
        names = [
            node.id
            for file in (TEXT / language).glob("*.py")
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.isupper()
        ]
        assert len(names) == len(set(names))


def test_an_unknown_language_and_an_unknown_string_are_named() -> None:
    with pytest.raises(LabError, match="unknown language 'xx': valid are .*en"):
        catalogue("xx")
    with pytest.raises(LabError, match="unknown language"):
        catalogue("../en")
    with pytest.raises(AttributeError, match="the language 'en' has no string NOT_THERE"):
        _ = ENGLISH.NOT_THERE
    assert ENGLISH.language == "en" and catalogue() is ENGLISH


def sources() -> dict[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in ROOT.rglob("*.py")
        if TEXT not in path.parents
    }


def is_text(node: ast.expr) -> bool:
    """Whether an expression is a Text: ``text``, ``frame.text``, ``self._text`` or ``catalogue()``."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "catalogue"
    return (
        isinstance(node, ast.Name)
        and node.id in HOLDERS
        or isinstance(node, ast.Attribute)
        and node.attr in HOLDERS
    )


def test_every_string_that_is_used_is_there_and_none_is_unused() -> None:
    used = {
        node.attr
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.isupper() and is_text(node.value)
    }
    assert used - ENGLISH.strings.keys() == set()
    assert ENGLISH.strings.keys() - used == set()


def test_no_module_takes_the_strings_of_one_language_by_itself() -> None:
    for path, tree in sources().items():
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names = [
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "lab.report.text"
            for alias in node.names
        ]
        assert not [m for m in modules if m.startswith("lab.report.text.")], path
        assert set(names) <= {"Text", "catalogue", "languages"}, path


@pytest.mark.parametrize("kind", [Recipe, AttackRecipe, TeachRecipe])
def test_every_field_of_a_recipe_has_a_label_and_a_help(kind: type) -> None:
    words = ENGLISH.FIELDS[kind.__name__]
    assert words.keys() == {spec.name for spec in dataclasses.fields(kind)}
    for label, about in words.values():
        assert label and about.endswith(".")


def test_every_method_attack_and_strength_has_its_words() -> None:
    assert tuple(ENGLISH.METHODS) == METHODS and tuple(ENGLISH.ATTACKS) == ATTACKS
    assert tuple(ENGLISH.ATTACK_KINDS) == ATTACKS
    assert ENGLISH.STUDY_WORDS.keys() == STUDIES.keys() and tuple(ENGLISH.STRENGTH_NAMES) == tuple(
        STRENGTHS
    )
    assert all(
        words.endswith(".") for words in (*ENGLISH.METHODS.values(), *ENGLISH.ATTACKS.values())
    )


# -- a made-up language: English in capitals ------------------------------------------------


def in_capitals(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{[^}]*\}|[^{]+", lambda m: m[0] if m[0][0] == "{" else m[0].upper(), value)
    if isinstance(value, dict):
        return {key: in_capitals(inner) for key, inner in value.items()}
    return tuple(map(in_capitals, value))


CAPITALS = Text("capitals", {name: in_capitals(value) for name, value in ENGLISH.strings.items()})


def english_pieces() -> set[str]:
    """What a user could read of the English strings: each without its placeholders."""
    pieces = {
        piece.strip()
        for _, words in leaves(dict(ENGLISH.strings))
        for piece in re.split(r"\{[^}]*\}|<br>", words)
    }
    return {piece for piece in pieces - CODES if re.search("[a-z]", piece)}


def shown(config: dict[str, Any]) -> Iterator[str]:
    """Every piece of text that the page's components show: HTML without its tags, no choice's value."""
    for component in config["components"]:
        props = {k: v for k, v in component["props"].items() if k in PROPS}
        if "choices" in props:
            props["choices"], props["value"] = [label for label, _ in props["choices"]], ""
        for _, leaf in leaves(props):
            if leaf not in CODES:
                yield from (html.unescape(piece).strip() for piece in re.split("<[^>]*>", leaf))


def english_in(words: str) -> set[str]:
    """The longer pieces of English in what was made of the strings in capitals."""
    return {
        piece
        for piece in english_pieces()
        if len(piece) >= LONG and piece in words and not piece.endswith("=")  # a recipe's key
    }


def words_of(report: str) -> str:
    """What a reader reads in a report's HTML, without the figures, whose library has words too."""
    return html.unescape(re.sub("<script.*?</script>", "", report, flags=re.DOTALL))


def ended(engine: FakeEngine, run_id: str) -> RunView:
    while engine.run(run_id).state in ("waiting", "running"):
        time.sleep(0.02)
    return engine.run(run_id)


def test_what_is_said_of_a_run_is_in_the_language_too(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path, pace=0)
    run = ended(engine, engine.submit(Recipe(entity="p00")))
    attacks = [ended(engine, engine.submit_attack(run.id, AttackRecipe(kind=k))) for k in ATTACKS]
    for text, english in ((ENGLISH, True), (CAPITALS, False)):
        said = [
            follow.describe(run, text),
            figures.result_html(run.events[-1].result, text),
            str(curves.unlearn_chart(run.events, 20, text)),
            header.facts_html(engine.status(), text),
            runs.runs_table(runs.finished(engine), text),
            pick.profile_card(engine.people[0], text),
            probes.probe_table(engine.probes(["original"], "p00"), [text.ORIGINAL], text),
        ]
        said += [
            words
            for view in attacks
            for words in (
                follow.describe(view, text),
                attack.figures(view.events[-1].result, text),
                attack_bars(view.events, text),
                str(curves.attack_chart(view.events, 20, text)),
            )
        ]
        for words in filter(None, said):
            assert english or not english_in(html.unescape(words)), words
        assert bool(english_in(html.unescape(" ".join(said)))) == english


def test_the_downloaded_report_is_in_the_language_too(four) -> None:
    events = [Done("steps done", {"steps": 3, "device": "cpu"})]
    for text, english in ((ENGLISH, True), (CAPITALS, False)):
        report = html.unescape(report_page(Recipe(entity="p0"), events, [], four, "demo", text))
        assert bool(english_in(report)) == english and f'<html lang="{text.language}">' in report


def test_a_page_in_another_language_shows_no_english(tmp_path: Path, monkeypatch) -> None:
    engine, pieces = FakeEngine(tmp_path), english_pieces()
    for text, english in ((ENGLISH, True), (CAPITALS, False)):
        monkeypatch.setattr(page, "catalogue", lambda language, text=text: text)
        seen = set(shown(page.build(engine, language=text.language).config))
        left = {
            piece
            for piece in pieces
            for words in seen
            if piece == words or len(piece) >= LONG and piece in words
        }
        assert bool(left) == english, left
        assert text.HELLO in seen and text.STOP in seen and text.METHODS["vkd"] in seen
