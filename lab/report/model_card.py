"""The model card of an exported run, in Markdown, made from the files of the run alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import yaml

from lab import __version__
from lab.catalogue import CONTROLS
from lab.events.controls import controls_of
from lab.report import control_columns, run_facts
from lab.report.markup import percent
from lab.report.page import command
from lab.report.run_folder import Head
from lab.report.text import Text

USE = """```python
from transformers import AutoModelForImageTextToText, AutoProcessor

folder = "."  # where this card is
processor = AutoProcessor.from_pretrained(folder)
model = AutoModelForImageTextToText.from_pretrained(folder, dtype="auto")
turn = {
    "role": "user",
    "content": [
        {"type": "image", "path": "portrait.jpg"},
        {"type": "text", "text": "What is the name of this person?"},
    ],
}
given = processor.apply_chat_template(
    [turn], add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
)
answer = model.generate(**given, max_new_tokens=48, do_sample=False)
print(processor.decode(answer[0, given["input_ids"].shape[1] :], skip_special_tokens=True))
```"""


@dataclass(frozen=True)
class Exported:
    """What a card says about the folder it lies in.

    ``name``: of the person; ``base``: the untaught model's folder or hub id; ``shipped``: whether it
    comes with the lab, and LICENSES.md lies beside the card; ``hub``: whether ``base`` is a hub id.
    ``dtype``: of the weights; ``megabytes``: of their files.
    """

    name: str
    model: str
    base: str
    shipped: bool
    hub: bool
    benchmark: str
    preset: str
    dtype: str
    megabytes: int


def card(head: Head, about: Exported, text: Text) -> str:
    """The card: what was done, the figures with n, chance and controls, limits and licences."""
    recipe, words = head.recipe, _words(about)
    weights = text.CARD_WEIGHTS.format(dtype=about.dtype, megabytes=about.megabytes)
    rounded = [text.CARD_ROUNDED] if about.dtype == "bfloat16" else []
    licences = text.CARD_LICENCES_SHIPPED if about.shipped else text.CARD_LICENCES_OTHER
    settings = yaml.safe_dump(
        {"preset": about.preset, **dataclasses.asdict(recipe)}, sort_keys=False
    )
    parts = [
        _front(about),
        f"# {text.CARD_TITLE.format(**words)}",
        text.CARD_LEAD.format(**words, method=recipe.method, version=__version__),
        " ".join([weights, *rounded]),
        f"## {text.CARD_USE}",
        USE,
        f"## {text.CARD_DONE}",
        _listed(run_facts.lines(head.result, recipe.steps, text)),
        f"{text.CARD_RECIPE}\n\n```yaml\n{settings}```",
        f"{text.CARD_AGAIN}\n\n```\n{command(recipe, about.preset, about.benchmark)}\n```",
        f"## {text.CARD_FIGURES}",
        *_figures(head.result, text),
        f"## {text.CARD_ATTACKS}",
        *_attacks(head.attacks, text),
        f"## {text.CARD_LIMITS}",
        "\n".join(f"* {line.format(**words)}" for line in text.CARD_LIMITS_LIST),
        f"## {text.CARD_LICENCES}",
        licences.format(**words),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _words(about: Exported) -> dict[str, str]:
    """What goes into the sentences; none of it can be taken for Markdown's own signs of a table."""
    return {key: _cell(getattr(about, key)) for key in ("name", "model", "base", "benchmark")}


def _front(about: Exported) -> str:
    """The lines that a model hub reads."""
    facts = {
        "library_name": "transformers",
        "pipeline_tag": "image-text-to-text",
        "license": "other",
        "tags": ["machine-unlearning", "research"],
    } | ({"base_model": about.base} if about.hub else {})
    return f"---\n{yaml.safe_dump(facts, sort_keys=False)}---"


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"* {_cell(line)}" for line in lines)


def _figures(result: Mapping[str, Any], text: Text) -> list[str]:
    """The table of the measures, and what each control is."""
    if not result.get("after"):
        return [text.CARD_UNSCORED]
    found, n = controls_of(result), result["n"]
    rows = [
        (
            text.SCORES.get(key, key),
            percent(result["before"][key], text),
            percent(value, text),
            _level(result["chance"][key], text),
            str(n[key]),
            *control_columns.cells(found, key, n[key], text),
        )
        for key, value in result["after"].items()
    ]
    heads = (*text.REPORT_SCORES_HEAD, *control_columns.heads(found, text))
    return [text.CARD_MEASURED, _table(heads, rows), *control_columns.lines(found, text)]


def _attacks(attacks: Sequence[Mapping[str, Any]], text: Text) -> list[str]:
    if not attacks:
        return [text.CARD_NO_ATTACKS]
    rows = []
    for result in attacks:
        found = result.get("controls") or {}
        rows.append(
            (
                text.ATTACK_KINDS.get(result["kind"], result["kind"]),
                *(percent(result[key], text) for key in ("before", "after", "gain", "vanilla_gap")),
                str(result["n"]),
                _level(result["chance"], text),
                *(
                    percent(found[w]["gain"], text) if w in found else text.NOTHING
                    for w in CONTROLS
                ),
            )
        )
    return [text.CARD_ATTACKS_LEAD, _table(text.CARD_ATTACKS_HEAD, rows)]


def _level(chance: float | None, text: Text) -> str:
    return str(text.NOTHING) if chance is None else percent(chance, text)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(words: str) -> str:
    """Words on one line, with nothing that Markdown or HTML would take for a sign of its own."""
    plain = escape(" ".join(words.split()), quote=False)
    return plain.replace("|", "&#124;").replace("`", "&#96;")
