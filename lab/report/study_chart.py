"""The answers of the studies on the page: reads the stored tables and draws a plot for each."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from lab.errors import LabError
from lab.experiments.csv_tables import records
from lab.experiments.studies import RESULTS, Kind, Study
from lab.report.maps import LINES, new_figure
from lab.report.markup import percent
from lab.report.text import Text
from lab.report.threshold_maps import thresholds

LABEL_LETTERS = 16  # a line of a row's label: what a phone leaves room for
ROW = 0.17  # from one series of a line to the next
SIGNS = (*LINES, ("#56b4e9", "triangle-up"), ("#009e73", "cross"))  # one a series
GREY = {"dash": "dash", "width": 1, "color": "#888888"}
# What every kept table of runs says: where and how it was measured, and on how much.
MACHINE = ("model", "quantization", "device", "command")
COUNTS = ("runs", "failed", "seeds", "n_forget_vqa", "chance_forget_vqa")
TEXT_COLUMNS = ("study", "variant", "changes", "people", "choice", *MACHINE)
NEEDED = {*TEXT_COLUMNS, *COUNTS, "before_forget_vqa", "after_forget_vqa"}
TIMED = {*TEXT_COLUMNS, "runs", "failed", "seeds", "step_seconds", "times"}


def path_of(study: Study) -> Path:
    """Where the answer of a study is stored."""
    return RESULTS / f"study-{study.name}.csv"


def read(path: Path, kind: Kind = "runs") -> pd.DataFrame | None:
    """The stored answer, or None without the file; raises ``LabError`` if it cannot be read."""
    needed = TIMED if kind == "timed" else NEEDED
    return kept_table(path, TEXT_COLUMNS, needed, "answer of a study", "study")


def kept_table(
    path: Path, words: Sequence[str], needed: Collection[str], what: str, command: str
) -> pd.DataFrame | None:
    """A stored CSV table whose columns ``words`` are text, or None without the file.

    Raises ``LabError`` if it cannot be read or lacks a column of ``needed``. The message says
    ``what`` the file should be and which ``command`` of the lab writes it.
    """
    if not path.is_file():
        return None
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(words, str))
    except (OSError, ValueError):
        table = pd.DataFrame()
    if not len(table) or not set(needed) <= set(table.columns):
        raise LabError(f"{path.name} is no {what}: make it again with python -m lab {command}")
    return table.fillna(dict.fromkeys(words, ""))


def plot(study: Study, table: pd.DataFrame, text: Text) -> go.Figure:
    """The plot that suits the study."""
    if study.kind == "redrawn":
        return dots(table, text.STUDY_REDRAWN, None, text)
    if study.kind == "timed":
        return timed(table, text)
    if study.name == "depth":
        return depth(table, text)
    if study.name == "thresholds":
        return thresholds(table, text)
    return dots(table, text.STUDY_SERIES, text.ORIGINAL, text)


def bars(table: pd.DataFrame, column: str) -> dict[str, Any] | None:
    """Error bars that end where shares end; None where nothing has an interval."""
    half = table.get(f"{column}_ci")
    if half is None or half.isna().all():
        return None
    half, mean = half.fillna(0), table[column]
    return {
        "type": "data",
        "symmetric": False,
        "array": half.clip(upper=1 - mean).tolist(),
        "arrayminus": half.clip(upper=mean).tolist(),
        "thickness": 1.2,
        "width": 3,
    }


def dots(
    table: pd.DataFrame, series: Mapping[str, str], first: str | None, text: Text
) -> go.Figure:
    """Plot a line for each variant, a sign for each series; ``first`` names the original's line."""
    names = [*([first] if first else []), *table["variant"]]
    shown = {column: name for column, name in series.items() if column in table}
    traces = []
    for k, (column, name) in enumerate(shown.items()):
        rows = table[[c for c in (column, f"{column}_ci") if c in table]]
        if first:
            start = pd.DataFrame([{column: table[column.replace("after_", "before_")].mean()}])
            rows = pd.concat([start, rows], ignore_index=True)
        aside = ROW * (k - (len(shown) - 1) / 2)  # bars of one line must not hide each other
        colour, symbol = SIGNS[k]
        traces.append(
            go.Scatter(
                x=rows[column].tolist(),
                y=[place + aside for place in range(len(names))],
                mode="markers",
                name=name,
                text=names,
                error_x=bars(rows, column),
                marker={"color": colour, "symbol": symbol, "size": 9},
                hovertemplate=f"{name}, %{{text}}: %{{x:.1%}}<extra></extra>",
            )
        )
    labels = ["<br>".join(textwrap.wrap(n, LABEL_LETTERS)) for n in names]
    figure = new_figure(
        traces,
        120 + 46 * len(names),
        text,
        yaxis={
            "range": [len(names) - 0.5, -0.5],
            "tickvals": list(range(len(names))),
            "ticktext": labels,
        },
        xaxis={"title": {"text": text.STUDY_SHARE}, "tickformat": ".0%", "range": [-0.03, 1.05]},
    )
    figure.add_vline(x=table["chance_forget_vqa"].mean(), line=GREY)
    return _named(figure, text)


def timed(table: pd.DataFrame, text: Text) -> go.Figure:
    """Seconds of a step, a bar for each part of the model that it trains."""
    half = table["step_seconds_ci"].fillna(0) if "step_seconds_ci" in table else None
    bar = go.Bar(
        x=table["step_seconds"].tolist(),
        y=["<br>".join(textwrap.wrap(n, LABEL_LETTERS)) for n in table["variant"]],
        orientation="h",
        marker={"color": SIGNS[0][0]},
        error_x=None if half is None else {"type": "data", "array": half.tolist()},
        hovertemplate="%{y}: %{x:.2f} s<extra></extra>",
    )
    return new_figure(
        [bar],
        120 + 46 * len(table),
        text,
        yaxis={"autorange": "reversed"},
        xaxis={"title": {"text": text.STUDY_STEP}, "rangemode": "tozero"},
    )


def depth(table: pd.DataFrame, text: Text) -> go.Figure:
    """The measures over the number of trained blocks."""
    blocks = [int(name) for name in table["variant"]]
    traces = [
        go.Scatter(
            x=blocks,
            y=table[column].tolist(),
            mode="lines+markers",
            name=name,
            error_y=bars(table, column),
            line={"color": colour, "width": 2},
            marker={"symbol": symbol, "size": 8},
            hovertemplate=f"{name}, %{{x}}: %{{y:.1%}}<extra></extra>",
        )
        for (column, name), (colour, symbol) in zip(text.STUDY_SERIES.items(), SIGNS, strict=False)
        if column in table
    ]
    figure = new_figure(
        traces,
        340,
        text,
        yaxis={"range": [-0.03, 1.05], "tickformat": ".0%"},
        xaxis={"title": {"text": text.STUDY_BLOCKS}, "tickvals": blocks},
    )
    return with_legend(figure, table["chance_forget_vqa"].mean(), text)


def with_legend(figure: go.Figure, chance: float, text: Text) -> go.Figure:
    """The figure with a line at chance level and a legend above."""
    figure.add_hline(y=chance, line=GREY)
    return _named(figure, text)


def _named(figure: go.Figure, text: Text) -> go.Figure:
    figure.add_trace(go.Scatter(x=[None], y=[None], mode="lines", name=text.CHANCE, line=GREY))
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    )
    return figure


def value_of(
    row: Mapping[str, float], column: str, words: Callable[[float], str], none: str
) -> str:
    """The column's value in ``words``, or ``none`` where the row has no number there."""
    value = row.get(column)
    return none if value is None or value != value else words(value)


def row_count(row: Mapping[str, Any], text: Text) -> str:
    """How many runs a row is about, and how many failed if any did."""
    return text.FAILED_RUNS.format(**row) if row["failed"] else f"{row['runs']}"


def cell(row: Mapping[str, float], column: str, none: str, text: Text) -> str:
    """Mean and half interval as in ``12.5% ± 3.1`` with no-break spaces, or ``none``."""
    half = row.get(f"{column}_ci")
    within = (
        "" if half is None or half != half else text.WITHIN.format(points=100 * half)
    )  # never broken
    return value_of(row, column, lambda x: f"{percent(x, text)}{within}", none)


def table_rows(
    study: Study, table: pd.DataFrame, text: Text
) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Head and rows of the study's table."""
    if study.kind == "timed":
        return _timed_rows(table, text)
    series = text.STUDY_REDRAWN if study.kind == "redrawn" else text.STUDY_SERIES
    series = {**series, **text.STUDY_DISTANCES} if study.kind == "aligned" else series
    shown = {column: name for column, name in series.items() if column in table}
    variant, steps, mask, time, runs = text.STUDY_HEAD
    rows: list[Sequence[str]] = []
    for row in records(table):
        line = [row["variant"], *(cell(row, column, text.UNKNOWN, text) for column in shown)]
        if study.kind == "pruned":
            line.append(text.STUDY_FIRES_TIMES.format(times=row["fires"]))
        elif study.kind != "redrawn":
            line += [
                text.MEAN.format(mean=row["steps"]),
                text.WHOLE_SHARE.format(share=row["mask_density"]),
                text.SECONDS.format(seconds=row["seconds_total"]),
            ]
        rows.append([*line, row_count(row, text)])
    more = {"redrawn": [], "pruned": [text.STUDY_FIRES]}.get(study.kind, [steps, mask, time])
    return [variant, *shown.values(), *more, runs], rows


def _timed_rows(table: pd.DataFrame, text: Text) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Seconds of a step, and as how many of VKD's it takes, each with half its interval."""

    def within(row: Mapping[str, float], column: str) -> str:
        half = row.get(f"{column}_ci")
        return "" if half is None or half != half else text.STUDY_PLUS_MINUS.format(half=half)

    def line(row: Mapping[str, Any]) -> Sequence[str]:
        def seconds(x: float) -> str:
            return text.STUDY_STEP_SECONDS.format(seconds=x, within=within(row, "step_seconds"))

        def times(x: float) -> str:
            return text.STUDY_FIRES_TIMES.format(times=x) + within(row, "times")

        return [
            row["variant"],
            value_of(row, "step_seconds", seconds, text.UNKNOWN),
            value_of(row, "times", times, text.UNKNOWN),
            row_count(row, text),
        ]

    rows = [line(row) for row in records(table)]
    return [text.STUDY_HEAD[0], text.STUDY_STEP, text.STUDY_TIMES, text.STUDY_HEAD[-1]], rows
