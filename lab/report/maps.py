"""Static pictures of what is inside: heatmaps of neurons and weights, and the portrait overlay."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.colors import sequential, unlabel_rgb

from lab.catalogue import METHODS
from lab.events import Identity, Importance, Saliency
from lab.report.text import Text

MOST_COLUMNS = 256
MARK = "#d55e00"  # vermilion stays apart from every cividis colour, also without colour vision
ROW_PIXELS = 34
# Okabe and Ito's colours that stay apart without colour vision, each with its sign.
SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "x",
    "triangle-up",
    "cross",
    "star",
    "hexagon",
    "bowtie",
    "pentagon",
    "triangle-down",
    "hourglass",
    "star-diamond",
)
LINES = (("#0072b2", "circle"), (MARK, "square"), ("#cc79a7", "diamond"), ("#7a7a7a", "x"))


def method_sign(method: str) -> dict[str, str]:
    """The colour and symbol of a method; they are the same in every chart."""
    place = METHODS.index(method)
    return {"color": LINES[place % len(LINES)][0], "symbol": SYMBOLS[place % len(SYMBOLS)]}


def new_figure(traces: Sequence[Any], height: int, text: Text, **axes: Any) -> go.Figure:
    """A figure that looks like the page."""
    return dressed(go.Figure(list(traces)), height, text, **axes)


def dressed(figure: go.Figure, height: int, text: Text, **axes: Any) -> go.Figure:
    """Make a figure look like the page; it is transparent, so that it fits both themes."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        autosize=True,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 12},
        showlegend=False,
        separators=text.NUMBERS["decimal"] + text.NUMBERS["thousands"],
        **axes,
    )
    figure.update_xaxes(showgrid=False, zeroline=False, automargin=True, fixedrange=True)
    figure.update_yaxes(showgrid=False, zeroline=False, automargin=True, fixedrange=True)
    return figure


def _bar(title: str) -> dict[str, Any]:
    return {"title": {"text": title, "side": "right"}, "thickness": 12, "outlinewidth": 0}


def bins(size: int, columns: int) -> np.ndarray:
    """Return the edges that cut ``size`` neurons into as many columns, each of one at least."""
    return np.linspace(0, size, columns + 1).round().astype(int)


def neuron_map(importance: Importance, pruned: Sequence[np.ndarray], text: Text) -> go.Figure:
    """Draw layers x neurons: the highest log10 ratio of each bin, a mark where one is pruned."""
    columns = min(MOST_COLUMNS, *map(len, importance.score))
    middle = ((np.arange(columns) + 0.5) * 100 / columns).round(2)
    rows, words, marks_x, marks_y = [], [], [], []
    for layer, score, cut in zip(importance.layers, importance.score, pruned, strict=True):
        edges = bins(len(score), columns)
        high = np.fmax.reduceat(score, edges[:-1])
        gone = np.add.reduceat(cut.astype(int), edges[:-1])
        words.append(
            [
                text.NEURON_HOVER.format(first=a, last=b - 1, value=h, pruned=g, size=b - a)
                for a, b, h, g in zip(edges, edges[1:], high, gone, strict=False)
            ]
        )
        rows.append(np.log10(np.maximum(high, 1e-6)).round(3).tolist())
        marks_x.extend(middle[gone > 0].tolist())
        marks_y.extend([layer] * int((gone > 0).sum()))
    heat = go.Heatmap(
        x=middle.tolist(),
        y=list(importance.layers),
        z=rows,
        text=words,
        colorscale="Cividis",
        colorbar=_bar(text.NEURON_BAR),
        hovertemplate="%{y}, %{text}<extra></extra>",
        ygap=3,
    )
    marks = go.Scatter(
        x=marks_x,
        y=marks_y,
        mode="markers",
        hoverinfo="skip",
        marker={"symbol": "line-ns", "size": 8, "line": {"width": 1.5, "color": MARK}},
    )
    height = 82 + ROW_PIXELS * len(importance.layers)
    return new_figure(
        [heat, marks],
        height,
        text,
        yaxis={"autorange": "reversed"},
        xaxis={"title": {"text": text.NEURON_AXIS}, "range": [0, 100]},
    )


def _weight_map(
    saliency: Saliency, values: np.ndarray, bar: str, hover: str, text: Text
) -> go.Figure:
    filled = [[None if v != v else float(v) for v in row] for row in values.round(5)]
    trace = go.Heatmap(
        x=list(saliency.groups),
        y=list(saliency.layers),
        z=filled,
        colorscale="Cividis",
        colorbar=_bar(bar),
        hovertemplate="%{y}, %{x}: " + hover + "<extra></extra>",
        xgap=2,
        ygap=2,
        hoverongaps=False,
    )
    height = 102 + ROW_PIXELS * len(saliency.layers)
    return new_figure(
        [trace], height, text, yaxis={"autorange": "reversed"}, xaxis={"tickangle": -35}
    )


def ratio_map(saliency: Saliency, text: Text) -> go.Figure:
    """Draw layers x groups: log10 of the ratio of mean Fishers."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.log10(saliency.ratio)
    values = np.where(np.isfinite(values), values, np.nan)
    return _weight_map(saliency, values, text.FISHER_BAR, "10^%{z:.2f}", text)


def density_map(saliency: Saliency, cells: np.ndarray, text: Text) -> go.Figure:
    """Draw layers x groups: the share of weights in the mask."""
    return _weight_map(saliency, cells, text.DENSITY_BAR, "%{z:.1%}", text)


def identity_chart(curves: Sequence[tuple[str, Identity]], text: Text) -> go.Figure:
    """Draw both tests over depth, one line per model; solid: nearest view, dotted: linear probe."""
    traces = []
    for (name, curve), (colour, symbol) in zip(curves, LINES, strict=False):
        where = [depth.name for depth in curve.depths]
        for test, values, dash in (
            (text.NEAREST, [d.nearest for d in curve.depths], "solid"),
            (text.LINEAR, [d.linear for d in curve.depths], "dot"),
        ):
            traces.append(
                go.Scatter(
                    x=where,
                    y=values,
                    mode="lines+markers",
                    name=f"{name}: {test}",
                    line={"color": colour, "dash": dash, "width": 2},
                    marker={"symbol": symbol, "size": 7},
                    hovertemplate=f"{name}, {test}, %{{x}}: %{{y:.0%}}<extra></extra>",
                )
            )
    figure = new_figure(
        traces,
        420,
        text,
        yaxis={"range": [-0.04, 1.04], "tickformat": ".0%"},
        xaxis={"tickangle": -35},
    )
    for level, words in (
        (curves[0][1].chance_nearest, text.NEAREST),
        (curves[0][1].chance_linear, text.LINEAR),
    ):
        figure.add_hline(
            y=level,
            line={"dash": "dash", "width": 1, "color": "#888888"},
            annotation={"text": text.IDENTITY_CHANCE.format(test=words), "font": {"size": 10}},
        )
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    )
    return figure


def runs_chart(
    results: Sequence[dict[str, Any]], never_knew: float | None, text: Text
) -> go.Figure:
    """Draw what each run kept over what it forgot; the top left corner is the aim.

    ``never_knew``: Forget VQA of the retain-only model, drawn as a line where there is one.
    """
    figure = new_figure(
        [*_runs_by_method(results), _originals(results, text)],
        380,
        text,
        xaxis={"title": {"text": text.FORGET_AXIS}, "tickformat": ".0%", "range": [-0.03, 1.03]},
        yaxis={"title": {"text": text.RETAIN_AXIS}, "tickformat": ".0%", "range": [-0.03, 1.05]},
    )
    figure.add_vline(
        x=results[0]["chance"].get("forget_vqa", 0.25),
        line={"dash": "dash", "width": 1, "color": "#888888"},
        annotation={"text": text.CHANCE, "font": {"size": 10}},
    )
    if never_knew is not None:
        place = {"yanchor": "top", "y": 0.12, "xanchor": "left"}
        figure.add_vline(
            x=never_knew,
            line={"dash": "dot", "width": 1, "color": "#888888"},
            annotation={"text": text.NEVER_KNEW, "font": {"size": 10}, **place},
        )
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    )
    return figure


def _runs_by_method(results: Sequence[dict[str, Any]]) -> Iterator[go.Scatter]:
    for method in dict.fromkeys(r["method"] for r in results):
        some = [r for r in results if r["method"] == method]
        yield go.Scatter(
            x=[r["after"]["forget_vqa"] for r in some],
            y=[r["after"]["retain_vqa"] for r in some],
            mode="markers",
            name=method,
            text=[r["entity"] for r in some],
            marker=method_sign(method) | {"size": 10, "opacity": 0.85},
            hovertemplate=f"{method}, %{{text}}: %{{x:.1%}}, %{{y:.1%}}<extra></extra>",
        )


def _originals(results: Sequence[dict[str, Any]], text: Text) -> go.Scatter:
    """The original model, a ring for each pair of scores that it had before a run."""
    before = {(r["before"]["forget_vqa"], r["before"]["retain_vqa"]) for r in results}
    ring = {"symbol": "circle", "size": 12, "line": {"color": "#7a7a7a", "width": 2}}
    return go.Scatter(
        x=[b[0] for b in before],
        y=[b[1] for b in before],
        mode="markers",
        name=text.ORIGINAL,
        marker={"color": "rgba(0,0,0,0)", **ring},
        hovertemplate=text.ORIGINAL + ": %{x:.1%}, %{y:.1%}<extra></extra>",
    )


def overlay(portrait: bytes, heat: np.ndarray) -> Image.Image:
    """Blend the heat over the portrait; cold places keep a dimmed portrait."""
    base = Image.open(io.BytesIO(portrait)).convert("RGB")
    grey = np.asarray(base.convert("L"), dtype=np.float32)[..., None].repeat(3, -1)
    clean = np.clip(np.nan_to_num(heat.astype(np.float32)), 0, 1)
    scaled = Image.fromarray((clean * 255).astype(np.uint8)).resize(
        base.size, Image.Resampling.BICUBIC
    )
    share = np.asarray(scaled, dtype=np.float32)[..., None] / 255
    stops = np.array(
        [unlabel_rgb(c) if c.startswith("rgb") else _hex(c) for c in sequential.Cividis],
        dtype=np.float32,
    )
    at = share[..., 0] * (len(stops) - 1)
    colour = np.stack(
        [np.interp(at, np.arange(len(stops)), stops[:, c]) for c in range(3)], axis=-1
    )
    weight = 0.15 + 0.6 * share
    blended = grey * 0.9 * (1 - weight) + colour * weight
    return Image.fromarray(blended.clip(0, 255).astype(np.uint8))


def _hex(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
