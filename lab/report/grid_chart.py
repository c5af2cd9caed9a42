"""The grid of relearning attacks on the page: the stored table, a plot, and means over people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from lab.experiments.csv_tables import records
from lab.experiments.statistics import interval
from lab.report.maps import LINES, new_figure
from lab.report.study_chart import bars, cell, kept_table, with_legend
from lab.report.text import Text

TEXT_COLUMNS = ("entity", "method", "scope", "control_entity", "failed", "model", "quantization")
MEASURED = ("after", "gain", "vanilla_gap", "control_after", "recovery")
FAIR = ("text_only_after", "recovery_text_only")  # a table of the first edition has none of these
NEEDED = {
    *MEASURED,
    "entity",
    "method",
    "scope",
    "control_entity",
    "share",
    "rows",
    "n",
    "chance",
    "steps",
    "lr",
    "batch",
    "model",
    "quantization",
}


def read(path: Path) -> pd.DataFrame | None:
    """The stored table, or None without the file; raises ``LabError`` if it cannot be read."""
    return kept_table(path, TEXT_COLUMNS, NEEDED, "grid of attacks", "attack --kind grid")


def over_people(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each scope and share: means over people, ``_ci`` half of the 95 % t interval.

    Failed cells are left out. The controls' own columns have no interval: people share controls, so
    their values are not independent.
    """
    means, measured = [], (*MEASURED, *_fair(table))
    for (scope, share), cells in table.dropna(subset="after").groupby(
        ["scope", "share"], sort=False
    ):
        row = {"scope": scope, "share": share, "rows": cells["rows"].mean(), "people": len(cells)}
        for name in measured:
            row[name], row[f"{name}_ci"] = interval(cells[name].tolist())
        means.append(row | dict.fromkeys(("control_after_ci", "text_only_after_ci"), float("nan")))
    return pd.DataFrame(means)


def _fair(table: pd.DataFrame) -> tuple[str, ...]:
    return FAIR if set(FAIR) <= set(table) else ()


def plot(table: pd.DataFrame, text: Text) -> go.Figure:
    """Forget VQA over the attacker's share: solid the unlearned model, dashed the controls."""
    means, traces = over_people(table), []
    for (scope, rows), (colour, symbol) in zip(
        means.groupby("scope", sort=False), LINES, strict=False
    ):
        shares = [text.WHOLE_SHARE.format(share=share) for share in rows["share"]]
        for column, words, dash in (
            ("after", text.GRID_UNLEARNED, "solid"),
            ("control_after", text.GRID_CONTROL, "dash"),
            *([("text_only_after", text.GRID_TEXT_ONLY, "dot")] if _fair(table) else []),
        ):
            name = words.format(scope=text.GRID_SCOPES[scope])
            traces.append(
                go.Scatter(
                    x=shares,
                    y=rows[column].tolist(),
                    mode="lines+markers",
                    name=name,
                    error_y=bars(rows, column),
                    line={"color": colour, "width": 2, "dash": dash},
                    marker={"symbol": f"{symbol}{'' if dash == 'solid' else '-open'}", "size": 8},
                    hovertemplate=f"{name}, %{{x}}: %{{y:.1%}}<extra></extra>",
                )
            )
    figure = new_figure(
        traces,
        440,
        text,
        xaxis={"title": {"text": text.GRID_SHARE}, "type": "category"},
        yaxis={"title": {"text": text.GRID_AFTER}, "range": [-0.03, 1.05], "tickformat": ".0%"},
    )
    return with_legend(figure, table["chance"].mean(), text)


def table_rows(table: pd.DataFrame, text: Text) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Head and rows of the table of means."""
    *first, people = text.GRID_HEAD
    fair = text.GRID_FAIR if _fair(table) else ()
    return (*first, *fair, people), [
        [
            text.GRID_SCOPES[row["scope"]],
            text.GRID_SHARE_ROWS.format(share=row["share"], rows=row["rows"]),
            *(cell(row, n, text.UNKNOWN, text) for n in (*MEASURED, *_fair(table))),
            f"{row['people']}",
        ]
        for row in records(over_people(table))
    ]
