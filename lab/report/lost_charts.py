"""Where a run lost its answers, drawn: accuracy over depth both ways, and the loss on the line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from lab.events.where import Line, Patched, Where
from lab.report.lost import ABOUT, SIDES, points_of, series
from lab.report.maps import LINES, new_figure
from lab.report.text import Text

GREY = "#888888"


def patching_chart(found: Where, text: Text) -> go.Figure:
    """Shares right over depth: a colour a direction; solid: the target, dotted: others.

    Dashed and thin is the probability of the right option about the target.
    """
    figure = new_figure(
        list(_depths(found, text)),
        440,
        text,
        yaxis={
            "title": {"text": text.LOST_SHARE},
            "range": [-0.04, 1.04],
            "tickformat": ".0%",
        },
        xaxis={"title": {"text": text.LOST_AXIS}, "tickangle": -35},
    )
    figure.add_hline(
        y=found.chance_forget,
        line={"dash": "dash", "width": 1, "color": GREY},
        annotation={"text": text.LOST_CHANCE, "font": {"size": 10}},
    )
    return _with_legend(figure)


def _depths(found: Where, text: Text) -> Iterator[go.Scatter]:
    for side, (colour, symbol) in zip(SIDES, LINES, strict=False):
        points = list(points_of(getattr(found, side), text))
        for about, dash in zip(ABOUT, ("solid", "dot"), strict=True):
            name = series(side, about, text)
            yield _line(points, about, name, {"color": colour, "dash": dash, "width": 2}, symbol)
        name = text.LOST_PROBABILITY.format(series=series(side, "forget", text))
        style = {"color": colour, "dash": "dash", "width": 1}
        yield _line(points, "forget_probability", name, style, symbol)


def _line(
    points: Sequence[tuple[str, Patched]], field: str, name: str, style: dict[str, Any], symbol: str
) -> go.Scatter:
    return go.Scatter(
        x=[where for where, _ in points],
        y=[getattr(point, field) for _, point in points],
        mode="lines+markers",
        name=name,
        line=style,
        marker={"symbol": symbol, "size": 7},
        hovertemplate=f"{name}, %{{x}}: %{{y:.0%}}<extra></extra>",
    )


def line_chart(line: Line, text: Text) -> go.Figure:
    """The loss on the straight line about the target and about others, each with its chord."""
    traces = []
    for about, (colour, symbol) in zip(ABOUT, LINES, strict=False):
        losses, name = list(getattr(line, about)), text.LOST_ABOUT[about]
        traces.append(
            go.Scatter(
                x=list(line.at),
                y=losses,
                mode="lines+markers",
                name=name,
                line={"color": colour, "width": 2},
                marker={"symbol": symbol, "size": 7},
                hovertemplate=f"{name}, %{{x:.1f}}: %{{y:.2f}}<extra></extra>",
            )
        )
        traces.append(
            go.Scatter(
                x=[line.at[0], line.at[-1]],
                y=[losses[0], losses[-1]],
                mode="lines",
                name=text.LINE_CHORD.format(about=name),
                line={"color": colour, "width": 1, "dash": "dash"},
                hoverinfo="skip",
            )
        )
    figure = new_figure(
        traces,
        340,
        text,
        yaxis={"title": {"text": text.LINE_LOSS}, "rangemode": "tozero"},
        xaxis={"title": {"text": text.LINE_AXIS}, "tickvals": list(line.at)},
    )
    return _with_legend(figure)


def _with_legend(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    )
    return figure
