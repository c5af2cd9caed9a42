"""Where a run lost its answers, in words and tables; thresholds are our choice, as of ``verdict``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from lab.events.where import Patched, Patching, Where, where_of
from lab.report.certainty import difference, wilson
from lab.report.markup import heads, percent
from lab.report.text import Text
from lab.report.verdict import CLEAR

SIDES = ("lost", "back")
ABOUT = ("forget", "others")


def said(found: Where, name: str, text: Text) -> list[str]:
    """What patching says, a sentence each: where answers are lost, where they are back, and others.

    Lost or back: by at least ``CLEAR`` and with 95 % certainty, at a depth and at all deeper ones.
    """
    start = found.lost.unpatched.forget
    if wilson(start, found.n_forget)[0] <= found.chance_forget:
        level = percent(found.chance_forget, text)
        figures = {"start": percent(start, text), "chance": level, "n": found.n_forget}
        return [text.LOST_UNKNOWN.format(name=name, **figures)]
    words = [_lost(found, name, text)]
    if came_down(found.lost, found.n_forget) is not None:
        words.append(_back(found, text))
    end = found.lost.depths[-1].others
    figures = {"start": percent(found.lost.unpatched.others, text), "end": percent(end, text)}
    return [*words, text.LOST_OTHERS.format(n=found.n_others, **figures)]


def measured(found: Where, name: str, text: Text) -> list[str]:
    """What distance and line say, a sentence each, with the formulas."""
    far, line = found.distance, found.line
    if not far.layers:
        return [text.LINE_SAME]
    layer, most = max(far.layers, key=lambda pair: pair[1])
    barriers = {"forget": line.barrier_forget, "others": line.barrier_others}
    return [
        text.LINE_FAR.format(whole=far.whole, layer=layer, most=most),
        text.LINE_BARRIER.format(name=name, **barriers),
        text.LINE_FORMULA.format(points=len(line.at)),
    ]


def came_down(patching: Patching, n: int) -> int | None:
    """The place of the first depth from which on the answers about the target are lost; None: none."""
    return _from(patching.depths, lambda d: _clear(patching.unpatched.forget, d.forget, n))


def came_back(patching: Patching, n: int) -> int | None:
    """The place of the first depth from which on the answers are there again; None: none."""
    return _from(patching.depths, lambda d: _clear(d.forget, patching.unpatched.forget, n))


def _clear(more: float, less: float, n: int) -> bool:
    return more - less >= CLEAR and difference((more, n), (less, n))[0] > 0


def _from(depths: Sequence[Patched], holds: Callable[[Patched], bool]) -> int | None:
    place = None
    for k in reversed(range(len(depths))):
        if not holds(depths[k]):
            break
        place = k
    return place


def _lost(found: Where, name: str, text: Text) -> str:
    lost, place = found.lost, came_down(found.lost, found.n_forget)
    figures = {"name": name, "n": found.n_forget, "start": percent(lost.unpatched.forget, text)}
    if place is None:
        return text.LOST_NOWHERE.format(end=percent(lost.depths[-1].forget, text), **figures)
    here = lost.depths[place]
    figures |= {"depth": here.name, "after": percent(here.forget, text)}
    if place == 0:
        return text.LOST_FIRST.format(**figures)
    before = lost.depths[place - 1]
    kept = percent(before.forget, text)
    return text.LOST_AT.format(before=before.name, kept=kept, **figures)


def _back(found: Where, text: Text) -> str:
    back, place = found.back, came_back(found.back, found.n_forget)
    here = back.depths[-1 if place is None else place]
    figures = {"start": percent(back.unpatched.forget, text), "after": percent(here.forget, text)}
    if place is None:
        return text.LOST_BACK_NEVER.format(**figures)
    if place == len(back.depths) - 1:
        return text.LOST_BACK_LAST.format(**figures)
    return text.LOST_BACK.format(depth=here.name, **figures)


def series(side: str, about: str, text: Text) -> str:
    """The name of one line of the plot: whose activations in whom, and about whom is asked."""
    return text.LOST_SERIES.format(side=text.LOST_SIDES[side], about=text.LOST_ABOUT[about])


def rows(found: Where, text: Text) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table over depth: shares right and probabilities of every line."""
    lines = [(side, about) for side in SIDES for about in ABOUT]
    head = [text.LOST_DEPTH]
    head += [form.format(series=series(*one, text)) for one in lines for form in text.LOST_HEAD]
    points = {side: list(points_of(getattr(found, side), text)) for side in SIDES}
    body = [
        [name]
        + [
            percent(getattr(points[side][k][1], field), text)
            for side, about in lines
            for field in (about, f"{about}_probability")
        ]
        for k, (name, _) in enumerate(points["lost"])
    ]
    return head, body


def points_of(patching: Patching, text: Text) -> Iterator[tuple[str, Patched]]:
    """Every point of a direction with its name: nothing patched in, then depth after depth."""
    yield text.LOST_START, patching.unpatched
    for depth in patching.depths:
        yield depth.name, depth


def sizes(found: Where, text: Text) -> str:
    """On how many questions it rests, and what chance is."""
    return text.LOST_SIZES.format(
        forget=found.n_forget,
        others=found.n_others,
        chance=found.chance_forget,
        chance_others=found.chance_others,
    )


def section(result: Mapping[str, Any], name: str, text: Text) -> str:
    """The report's section, without its plots; "" where nobody has asked."""
    found = where_of(result)
    if found is None:
        return ""
    head, body = rows(found, text)
    layers = [[layer, text.LINE_SHARE.format(share=far)] for layer, far in found.distance.layers]
    return (
        f"<h2>{escape(text.LOST)}</h2>"
        + "".join(f"<p>{escape(words)}</p>" for words in said(found, name, text))
        + _table(head, body)
        + f"<p>{escape(sizes(found, text))}</p><h2>{escape(text.LINE)}</h2>"
        + "".join(f"<p>{escape(words)}</p>" for words in measured(found, name, text))
        + (_table(text.LINE_LAYERS, layers) if layers else "")
    )


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = (
        f"<tr><th>{escape(first)}</th>{''.join(f'<td>{escape(c)}</td>' for c in rest)}</tr>"
        for first, *rest in body
    )
    return f"<table>{heads(head)}{''.join(lines)}</table>"
