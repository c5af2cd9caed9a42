"""The fair comparison on the page: the stored table, and a plot of forgetting against keeping."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from lab.catalogue import METHODS, NEVER_KNEW, TEXT_TAUGHT
from lab.experiments.csv_tables import records
from lab.report.maps import method_sign, new_figure
from lab.report.study_chart import (
    COUNTS,
    GREY,
    MACHINE,
    bars,
    cell,
    kept_table,
    row_count,
    value_of,
)
from lab.report.text import Text

TEXT_COLUMNS = (
    "method",
    "settings",
    "at_edge",
    "tuning_people",
    "test_people",
    "attack",
    *MACHINE,
)
WIDENING = ("widened", "at_edge")  # a table from before grids were widened has neither
NEEDED = {*TEXT_COLUMNS, *COUNTS, "forget_vqa", "retain_vqa"} - set(WIDENING)
CONTROLS = {"retain_only": NEVER_KNEW, "text_only": TEXT_TAUGHT}  # by the table's name for them
REFERENCES = ("vanilla", *CONTROLS)


def read(path: Path) -> pd.DataFrame | None:
    """The stored table, or None without the file; raises ``LabError`` if it cannot be read."""
    return kept_table(path, TEXT_COLUMNS, NEEDED, "table of the comparison", "compare --protocol")


def was_widened(table: pd.DataFrame) -> bool:
    """Whether the table says how often each method's grid was widened."""
    return set(WIDENING) <= set(table.columns)


def plot(table: pd.DataFrame, text: Text) -> go.Figure:
    """Plot what each method kept against what it forgot, with 95 % intervals; top left is best."""
    traces = []
    for _, row in table[table["method"].isin(METHODS)].iterrows():
        line = pd.DataFrame([row])
        traces.append(
            go.Scatter(
                x=[row["forget_vqa"]],
                y=[row["retain_vqa"]],
                mode="markers",
                name=row["method"],
                error_x=bars(line, "forget_vqa"),
                error_y=bars(line, "retain_vqa"),
                marker=method_sign(row["method"]) | {"size": 11},
                hovertemplate=f"{row['method']}: %{{x:.1%}}, %{{y:.1%}}<extra></extra>",
            )
        )
    figure = new_figure(
        traces,
        400,
        text,
        xaxis={"title": {"text": text.FORGET_AXIS}, "tickformat": ".0%", "range": [-0.03, 1.03]},
        yaxis={"title": {"text": text.RETAIN_AXIS}, "tickformat": ".0%"},
    )
    lines = [(text.CHANCE, table["chance_forget_vqa"].mean())]
    lines += [
        (_name(who, text), rows["forget_vqa"].mean())
        for who in REFERENCES
        if len(rows := table[table["method"] == who])
    ]
    for k, (name, share) in enumerate(lines):
        figure.add_vline(
            x=share,
            line=GREY,
            annotation={
                "text": name,
                "font": {"size": 10},
                "yanchor": "bottom",
                "y": 0.02 + 0.07 * k,
                "xanchor": "right" if share > 0.5 else "left",
            },
        )  # a phone has no room beside the plot
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    )
    return figure


def table_rows(table: pd.DataFrame, text: Text) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Head and rows of the table, the settings with the method they belong to.

    Where the table says how its grids were widened, both columns stand behind the method.
    """
    shares = text.SHORT_SCORES | text.METHODS_GAINS | {"trainable_share": text.METHODS_TRAINED}
    shown = {column: name for column, name in shares.items() if column in table}
    rows: list[Sequence[str]] = []
    tuning = text.METHODS_TUNING if was_widened(table) else ()
    for row in records(table):
        # a reference is not trained: nothing is unknown
        none = text.NOTHING if row["method"] in REFERENCES else text.UNKNOWN
        rows.append(
            [
                _name(row["method"], text) + (f" ({row['settings']})" if row["settings"] else ""),
                *(_tuned(row, none, text) if tuning else ()),
                *(cell(row, column, none, text) for column in shown),
                value_of(row, "cpu_seconds", lambda x: text.SECONDS.format(seconds=x), none),
                value_of(row, "peak_memory_mb", lambda x: text.MEGABYTES.format(megabytes=x), none),
                row_count(row, text),
            ]
        )
    return [text.METHODS_HEAD[0], *tuning, *shown.values(), *text.METHODS_HEAD[1:]], rows


def _tuned(row: dict[str, Any], none: str, text: Text) -> tuple[str, str]:
    """How often a method's grid was widened, and where its settings lie at an edge all the same."""
    times = value_of(row, "widened", lambda n: f"{n:.0f}", none)
    return times, row["at_edge"] or (none if times == none else text.METHODS_INSIDE)


def _name(method: str, text: Text) -> str:
    """A method's name, or the words for one of the references."""
    names = {name: text.MODEL_NAMES[who] for name, who in CONTROLS.items()}
    return {"vanilla": text.ORIGINAL, **names}.get(method, method)


def waiting(table: pd.DataFrame) -> list[str]:
    """The methods that have no row in the table yet."""
    return [method for method in METHODS if method not in table["method"].values]
