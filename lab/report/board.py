"""The class board in words: its points, its levels, and the rankings of the challenges as HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from statistics import fmean
from typing import Any

from lab.catalogue import NEVER_KNEW
from lab.events.controls import controls_of
from lab.events.relearning import never_knew
from lab.recipe import Recipe
from lab.report.challenges import (
    BACK,
    FACE,
    STANDARD,
    Entry,
    Place,
    Ranking,
    control_of,
    rankings,
    resists,
)
from lab.report.maps import method_sign
from lab.report.markup import note, percent
from lab.report.text import Text

OTHERS = "retain_vqa"
MOST_PLACES = 3
SHORT_ID = 6  # of a run's id: enough to tell the runs of one room apart
BESIDE = ("entity", "method", "seed", "steps", "measures")  # said apart, or without an effect
Names = Mapping[str, str]


def items(
    entries: Sequence[Entry],
    names: Names,
    left_out: Mapping[str, int],
    base: Recipe,
    text: Text,
) -> dict[str, Any]:
    """Everything on the board by its key, so that only what has changed needs to be sent.

    ``names``: of the people by id; ``left_out``: how many runs are not shown, by the reason;
    ``base``: the recipe that a point's words are compared with.
    """
    found: dict[str, Any] = {
        f"run {entry.id}": _point(entry, names, base, text) for entry in entries
    }
    reasons = {reason: count for reason, count in left_out.items() if count}
    found["levels"] = _levels(entries, text)
    found["notes"] = [text.BOARD_LEFT_OUT[why].format(count=n) for why, n in reasons.items()]
    found["challenges"] = challenges_html(entries, names, text)
    return found


def challenges_html(entries: Sequence[Entry], names: Names, text: Text) -> str:
    """The rankings of all challenges, each run with a link that opens it; "" without any run."""
    if not entries:
        return ""
    titles = {e.id: _who(e, names, text) for e in entries}
    shown = "".join(_ranking(ranking, titles, text) for ranking in rankings(entries))
    return f'<div class="lab-challenges">{shown}</div>'


def _who(entry: Entry, names: Names, text: Text) -> str:
    """By which method a run has forgotten whom."""
    name = names.get(entry.recipe.entity, entry.recipe.entity)
    return str(text.BOARD_WHO.format(method=entry.recipe.method, name=name))


def _point(entry: Entry, names: Names, base: Recipe, text: Text) -> dict[str, Any]:
    """One run to be drawn: its sign, its places in both views (None where unknown), its words."""
    result, attack = entry.result, resists(entry)
    return {
        **method_sign(entry.recipe.method),
        "method": entry.recipe.method,
        "title": text.BOARD_RUN.format(who=_who(entry, names, text), id=entry.id[:SHORT_ID]),
        "words": _words(entry, base, text),
        "forgot": result["after"][FACE],
        "kept": result["after"].get(OTHERS),
        "back": attack.result["after"] if attack else None,
        "ended": entry.ended,
    }


def _words(entry: Entry, base: Recipe, text: Text) -> list[str]:
    """What is read at a point: the recipe, what was scored, the control, the standard attack."""
    result, before = entry.result, asdict(base)
    changed = {k: v for k, v in asdict(entry.recipe).items() if v != before[k] and k not in BESIDE}
    changes = "".join(text.BOARD_CHANGE.format(key=k, value=v) for k, v in changed.items())
    seed, steps = entry.recipe.seed, entry.recipe.steps
    said = [text.BOARD_RECIPE.format(seed=seed, steps=steps, changes=changes)]
    said += [
        text.BOARD_SCORE.format(
            what=text.SHORT_SCORES[m],
            before=percent(result["before"][m], text),
            after=percent(result["after"][m], text),
            n=result["n"][m],
        )
        for m in (FACE, OTHERS)
        if m in result["after"]
    ]
    control, lacks = control_of(result)
    said.append(
        text.BOARD_LACKS[lacks]
        if control is None
        else text.BOARD_CONTROL.format(share=percent(control, text), n=_control_n(result))
    )
    return [*said, _attacked(entry, text)]


def _attacked(entry: Entry, text: Text) -> str:
    """What the standard attack brought back, beside what the control learned."""
    attempt = resists(entry)
    if attempt is None:
        return str(text.BOARD_NO_ATTACK)
    after, n = percent(attempt.result["after"], text), attempt.result["n"]
    control = never_knew(attempt.result)
    beside = percent(control["after"], text) if control else text.UNKNOWN
    return str(text.BOARD_ATTACKED.format(after=after, n=n, control=beside))


def _levels(entries: Sequence[Entry], text: Text) -> dict[str, Any]:
    """The lines of both views, each with its words and its place, and the originals' scores.

    ``across``: lines over Forget VQA after the run; ``kept``, ``back``: over the other axis.
    """
    attacks = [attempt.result for e in entries if (attempt := resists(e))]
    controls = [c for c, _ in (control_of(e.result) for e in entries) if c is not None]
    after = [control["after"] for a in attacks if (control := never_knew(a))]
    found = {
        "across": [
            (text.CHANCE, [c for e in entries if (c := e.result["chance"].get(FACE)) is not None]),
            (text.NEVER_KNEW, controls),
        ],
        "kept": [
            (text.CHANCE, [c for e in entries if (c := e.result["chance"].get(OTHERS)) is not None])
        ],
        "back": [(text.CHANCE, [a["chance"] for a in attacks]), (text.NEVER_KNEW, after)],
    }
    lines = {
        axis: [{"words": words, "at": round(fmean(all_of), 4)} for words, all_of in rows if all_of]
        for axis, rows in found.items()
    }
    before = (e.result["before"] for e in entries)
    starts = sorted({(b[FACE], b[OTHERS]) for b in before if OTHERS in b})
    return {**lines, "originals": [list(start) for start in starts]}


def _ranking(ranking: Ranking, titles: Mapping[str, str], text: Text) -> str:
    """One challenge: its title, its rule, the best runs, and how many runs were left out and why."""
    title, rule, nobody = text.CHALLENGES[ranking.name]
    rule = rule.format(share=STANDARD.share, steps=STANDARD.steps)
    rows = "".join(
        _place(place, ranking.name, titles, text) for place in ranking.places[:MOST_PLACES]
    )
    body = f"<ol>{rows}</ol>" if rows else note(nobody)
    reasons = [
        text.CHALLENGE_LEFT_OUT[why].format(count=n) for why, n in sorted(ranking.left_out.items())
    ]
    left = note(text.CHALLENGE_OUT.format(reasons=", ".join(reasons)) if reasons else "", "quiet")
    summary = f"<summary>{escape(text.CHALLENGE_RULE)}</summary>"
    head = f'<h3>{escape(title)}</h3><details class="rule">{summary}{note(rule)}</details>'
    return f"<section>{head}{body}{left}</section>"


def _place(place: Place, name: str, titles: Mapping[str, str], text: Text) -> str:
    """One line of a ranking: the run, its figure, and small below it n, control and loss."""
    link = (
        f'<a href="./?run={escape(place.run, quote=True)}&amp;step=4" target="_blank" '
        f'rel="noopener">{escape(titles[place.run])}</a>'
    )
    about = ", ".join(_beside(place, name, text))
    score = _score(place.score, name, text)
    if place.at_chance:
        score = text.CHALLENGE_AT_CHANCE.format(share=score)
    return f"<li><strong>{escape(score)}</strong> {link} <small>{escape(about)}</small></li>"


def _beside(place: Place, name: str, text: Text) -> list[str]:
    """What stands beside a figure: n, the control, and what came back or was lost."""
    said = [text.CHALLENGE_N.format(n=place.n)]
    if place.control is None:
        said.append(text.CHALLENGE_LACKS[place.lacks])
    elif math.isinf(place.control):
        said.append(text.CHALLENGE_CONTROL_NEVER)
    else:
        said.append(text.CHALLENGE_CONTROL.format(score=_score(place.control, name, text)))
    if place.reached is not None:
        said.append(text.CHALLENGE_REACHED.format(share=percent(place.reached, text)))
    if place.lost:
        measure, loss, n = place.lost
        said.append(
            text.CHALLENGE_LOST.format(
                points=max(0.0, 100 * loss), measure=text.SHORT_SCORES[measure], n=n
            )
        )
    return said


def _score(score: float, name: str, text: Text) -> str:
    if name == BACK:
        return str(text.CHALLENGE_STEPS.format(steps=score))
    return percent(score, text)


def _control_n(result: Mapping[str, Any]) -> int:
    return next(c.n[FACE] for c in controls_of(result) if c.who == NEVER_KNEW)
