"""The frontier drawn: what relearning gains on the control over what a run lost of retain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

import plotly.graph_objects as go

from lab.report.frontier import AIM, KEEPS, Point, cells
from lab.report.maps import method_sign, new_figure
from lab.report.study_chart import GREY
from lab.report.text import Text

ROOM = 4.0  # points beyond the outermost marks


def plot(kept: Sequence[Point], own: Sequence[Point], text: Text) -> go.Figure:
    """A filled sign for each variant, an open one for each run of the visitor; bottom left is best.

    Each has a mark of its own beside it, which the table and the legend say again: neither colour
    nor sign alone tells two points apart.
    """
    figure = new_figure(
        [*_variants(kept, text), *_own(own, text)],
        480,
        text,
        xaxis={
            "title": {"text": text.FRONTIER_LOST},
            "range": _range([100 * p.lost for p in (*kept, *own)], 100 * KEEPS, ROOM / 4),
        },
        yaxis={
            "title": {"text": text.FRONTIER_RECOVERY},
            "range": _range(_bar_ends((*kept, *own)), 100 * AIM, ROOM),
        },
    )
    small = {"size": 10}
    figure.add_hline(
        y=100 * AIM,
        line=GREY,
        annotation={
            "text": text.FRONTIER_AIM.format(aim=100 * AIM),
            "font": small,
            "xanchor": "right",
        },
    )
    figure.add_vline(
        x=100 * KEEPS,
        line=GREY | {"dash": "dot"},
        annotation={
            "text": text.FRONTIER_KEEPS.format(keeps=100 * KEEPS),
            "font": small,
            "y": 0.02,
            "yanchor": "bottom",
        },
    )
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    )
    return figure


def table_rows(
    kept: Sequence[Point], own: Sequence[Point], text: Text
) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Head and rows of the table: the variants, then the runs of the visitor."""
    marked = zip(marks(kept, own, text), (*kept, *own), strict=True)
    return text.FRONTIER_HEAD, [
        [f"{mark} · {titled(point, text)}", *cells(point, text)] for mark, point in marked
    ]


def marks(kept: Sequence[Point], own: Sequence[Point], text: Text) -> list[str]:
    """What stands beside each point: numbers, and for the visitor's runs numbers with a letter."""
    return [f"{k + 1}" for k in range(len(kept))] + [
        text.FRONTIER_MARK.format(number=k + 1) for k in range(len(own))
    ]


def titled(point: Point, text: Text) -> str:
    """A point's name; that of a visitor's run says so, and by which attack it was judged."""
    if not point.run:
        return point.name
    return str(text.FRONTIER_OWN.format(run=point.run, name=point.name, rate=point.rate))


def hover(mark: str, point: Point, text: Text) -> str:
    """All that the table says of a point, a line each."""
    lines = zip(text.FRONTIER_HEAD[1:], cells(point, text), strict=True)
    said = [f"{escape(head)}: {escape(cell)}" for head, cell in lines]
    return "<br>".join([f"<b>{escape(mark)} · {escape(titled(point, text))}</b>", *said])


def _variants(kept: Sequence[Point], text: Text) -> Iterator[go.Scatter]:
    for mark, point in zip(marks(kept, (), text), kept, strict=True):
        half = None if math.isnan(point.half) else [100 * point.half]
        yield go.Scatter(
            x=[100 * point.lost],
            y=[100 * point.recovery],
            error_y={"type": "data", "array": half, "thickness": 1, "width": 3},
            mode="markers+text",
            name=f"{mark} {point.name}",
            text=[mark],
            textposition="middle right",
            hovertext=[hover(mark, point, text)],
            hoverinfo="text",
            marker=method_sign(point.method) | {"size": 11},
        )


def _own(own: Sequence[Point], text: Text) -> Iterator[go.Scatter]:
    """The visitor's runs, a line of the legend for each of their methods."""
    named = list(zip(marks((), own, text), own, strict=True))
    for method in dict.fromkeys(point.method for point in own):
        some = [(mark, point) for mark, point in named if point.method == method]
        sign = method_sign(method)
        yield go.Scatter(
            x=[100 * point.lost for _, point in some],
            y=[100 * point.recovery for _, point in some],
            mode="markers+text",
            name=text.FRONTIER_YOURS.format(method=method),
            text=[mark for mark, _ in some],
            textposition="middle right",
            hovertext=[hover(mark, point, text) for mark, point in some],
            hoverinfo="text",
            marker=sign | {"symbol": f"{sign['symbol']}-open", "size": 11, "line": {"width": 2}},
        )


def _bar_ends(points: Sequence[Point]) -> list[float]:
    """In points, the lowest and the highest place of each point with its bar."""
    bars = [(p.recovery, 0.0 if math.isnan(p.half) else p.half) for p in points]
    return [100 * (place + side * half) for place, half in bars for side in (-1, 1)]


def _range(values: Sequence[float], aim: float, room: float) -> list[float]:
    """From below nothing and the lowest value to above the aim and the highest one."""
    return [min(0.0, *values, aim) - room, max(aim, *values) + room]
