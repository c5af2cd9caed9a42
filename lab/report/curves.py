"""The values of the live charts: events as raw and smoothed lines, panels and their words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lab.catalogue import NEVER_KNEW, TEXT_TAUGHT
from lab.events import Curve, Done, Event, Probe, Step
from lab.report.text import Text

MOST_POINTS = 240  # about what a panel's width can show
SMOOTHING = 0.8
DASHES = {"unlearned": "", NEVER_KNEW: "6 4", TEXT_TAUGHT: "8 3 2 3"}  # of the curves of an attack
Points = list[list[float]]


def thin(points: Points) -> Points:
    """Keep at most ``MOST_POINTS`` points, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return points
    stride = (len(points) - 1) / (MOST_POINTS - 1)
    return [points[round(i * stride)] for i in range(MOST_POINTS)]


def smooth(points: Points) -> Points:
    """Return the bias-corrected exponential mean, as TensorBoard draws it."""
    out, mean = [], 0.0
    for count, (x, y) in enumerate(points, start=1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * y
        out.append([x, mean / (1 - SMOOTHING**count)])
    return out


def _line(name: str, points: Points, dash: str = "", smoothed: bool = True) -> dict[str, Any]:
    finite = [point for point in points if math.isfinite(point[1])]
    even = smooth(finite) if smoothed else []
    return {
        "name": name,
        "points": _rounded(thin(finite)),
        "smooth": _rounded(thin(even)),
        "dash": dash,
    }


def _rounded(points: Points) -> Points:
    return [[x, round(y, 5)] for x, y in points]


def _panel(title: str, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"title": title, "lines": lines, "share": False, "rules": [], "wide": False, **more}


def unlearn_chart(events: Sequence[Event], steps: int, text: Text) -> dict[str, Any]:
    """Turn the events of an unlearning run into the value of a live chart.

    ``steps``: where the axis ends before the first step has said how many there are.
    """
    taken = [e for e in events if isinstance(e, Step)]
    probes = [e for e in events if isinstance(e, Probe)]
    losses = (
        (text.FORGET_LOSS, "forget_loss"),
        (text.RETAIN_LOSS, "retain_loss"),
        (text.VKD_LOSS, "vkd_loss"),
        (text.TOTAL_LOSS, "total"),
    )
    drawn = [_line(title, [[s.step, getattr(s, field)] for s in taken]) for title, field in losses]
    # A loss that the recipe does not use is no number at every step: it has no panel.
    panels = [_panel(line["name"], [line]) for line in drawn if line["points"] or not taken]
    rules = [{"y": probes[-1].chance, "label": text.CHANCE}] if probes else []
    lines = [
        _line(text.FORGET, [[p.step, p.forget] for p in probes], smoothed=False),
        _line(text.RETAIN, [[p.step, p.retain] for p in probes], "6 4", smoothed=False),
    ]
    title = text.PROBES
    if probes:
        title = text.SIZES.format(title=title, n=f"{probes[-1].n_forget}, {probes[-1].n_retain}")
    panels.append(_panel(title, lines, share=True, wide=True, rules=rules))
    return {
        "label": text.CURVES,
        "panels": panels,
        "end": _end(events, taken, steps),
        "hint": text.SMOOTHED,
        "axis": text.AXIS_STEP,
        "table": text.SHOW_TABLE,
    }


def _end(events: Sequence[Event], taken: Sequence[Step], steps: int) -> int:
    """Where the axis ends: a run that is over fills it, one under way has its planned steps."""
    if not taken:
        return steps
    return taken[-1].step if any(isinstance(e, Done) for e in events) else taken[-1].steps


def attack_chart(events: Sequence[Event], steps: int, text: Text) -> dict[str, Any]:
    """Turn the events of an attack into the value of a live chart."""
    points = [e for e in events if isinstance(e, Curve)]
    lines = []
    for who, dash in DASHES.items():
        curve = [[p.step, p.forget] for p in points if p.who == who]
        if curve or who == "unlearned":
            lines.append(_line(text.ATTACK_LINES[who], curve, dash, smoothed=False))
    rules = [{"y": points[-1].chance, "label": text.CHANCE}] if points else []
    title = text.ATTACK_CURVE
    if points:
        title = text.SIZES.format(title=title, n=points[-1].n)
    panel = _panel(title, lines, share=True, wide=True, rules=rules)
    return {
        "label": text.ATTACK_CURVE,
        "panels": [panel],
        "end": steps,
        "hint": "",
        "axis": text.AXIS_STEP,
        "table": text.SHOW_TABLE,
    }


def empty(label: str) -> dict[str, Any]:
    """Return the value of a chart that has nothing to show yet."""
    return {"label": label, "panels": [], "end": 1, "hint": "", "axis": "", "table": ""}
