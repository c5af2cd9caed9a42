"""The study of the thresholds as two maps over d_F and d_I, with the sensible cells framed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lab.experiments.studies import RETAIN_DROP
from lab.report.maps import MARK, dressed
from lab.report.text import Text

SHOWN = ("after_forget_vqa", "after_retain_vqa")


def thresholds(table: pd.DataFrame, text: Text) -> go.Figure:
    """Forget and retain accuracy over d_F and d_I, the sensible cells framed."""
    figure = make_subplots(
        1,
        2,
        shared_yaxes=True,
        horizontal_spacing=0.06,
        subplot_titles=[text.STUDY_FORGET, text.STUDY_RETAIN],
    )
    grid = _with_thresholds(table)
    frames = list(_frames(grid))
    for at, measure in enumerate(SHOWN, start=1):
        figure.add_trace(_map(grid, measure, text), 1, at)
        for frame in frames:
            figure.add_shape(frame, row=1, col=at)
        figure.update_xaxes(title={"text": text.STUDY_D_F}, type="category", row=1, col=at)
    figure.add_trace(
        go.Scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=text.STUDY_SENSIBLE,
            marker={"symbol": "square-open", "size": 14, "color": MARK, "line": {"width": 3}},
        )
    )
    figure.update_yaxes(title={"text": text.STUDY_D_I}, type="category", row=1, col=1)
    dressed(figure, 340, text)
    figure.update_layout(
        coloraxis={"colorscale": "Cividis", "cmin": 0, "cmax": 1, "showscale": False},
        margin={"t": 60},
        showlegend=True,
        legend={"orientation": "h", "y": -0.25},
    )
    return figure


def _with_thresholds(table: pd.DataFrame) -> pd.DataFrame:
    """The table with each row's thresholds as numbers: d_I is ``share``, d_F is ``threshold``."""
    keys = [dict(pair.split("=") for pair in changes.split()) for changes in table["changes"]]
    return table.assign(
        share=[float(k["prune_share"]) for k in keys],
        threshold=[float(k["mask_threshold"]) for k in keys],
    )


def _map(grid: pd.DataFrame, measure: str, text: Text) -> go.Heatmap:
    cells = grid.pivot(index="share", columns="threshold", values=measure)
    return go.Heatmap(
        x=[text.NUMBER.format(number=threshold) for threshold in cells.columns],
        y=[text.WHOLE_SHARE.format(share=share) for share in cells.index],
        z=cells.to_numpy().tolist(),
        coloraxis="coloraxis",
        xgap=4,
        ygap=4,
        texttemplate="%{z:.0%}",
        hovertemplate=f"{text.STUDY_D_I} %{{y}}, {text.STUDY_D_F} %{{x}}: %{{z:.1%}}<extra></extra>",
    )


def _frames(grid: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """A frame round every sensible cell, by its place on the two axes."""
    shares, thresholds = (sorted(grid[name].unique()) for name in ("share", "threshold"))
    good = grid[sensible(grid)]
    for share, threshold in zip(good["share"], good["threshold"], strict=True):
        column, row = thresholds.index(threshold), shares.index(share)
        yield {
            "type": "rect",
            "x0": column - 0.5,
            "x1": column + 0.5,
            "y0": row - 0.5,
            "y1": row + 0.5,
            "line": {"color": MARK, "width": 3},
        }


def sensible(table: pd.DataFrame) -> pd.Series:
    """Whether Forget VQA is at chance or below and Retain VQA fell by at most ``RETAIN_DROP``.

    This rule is our choice. It compares the means, whatever their intervals.
    """
    drop = table["before_retain_vqa"] - table["after_retain_vqa"]
    return (table["after_forget_vqa"] <= table["chance_forget_vqa"]) & (drop <= RETAIN_DROP + 1e-9)
