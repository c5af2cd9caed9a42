"""The report step, last part: what the paper leaves open about VKD, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd
import plotly.graph_objects as go

from lab.experiments.studies import (
    FIRST_EXPERIMENTS,
    NEXT_CHECKS,
    RESULTS,
    RETAIN_DROP,
    STUDIES,
    Study,
)
from lab.report import grid_chart, markup, methods_chart, study_chart
from lab.report.study_verdict import verdict
from lab.report.text import Text
from lab.ui.context import CHANGE, KEEP_UNFOLDED, Frame, guarded

METHODS, KEPT = "methods", RESULTS / "protocol" / "methods.csv"
PROTOCOL = "python -m lab compare --preset demo --methods all --protocol --out DIR --json"
GRID, GRID_KEPT = "grid", RESULTS / "attack-grid.csv"
RELEARN = "python -m lab attack --run DIR DIR … --kind grid --steps {steps} --out DIR --json"
USUAL = "python -m lab study {name} --entities 4 --seeds 1 --out DIR --json"


@dataclass(frozen=True)
class Parts:
    """The controls of this part."""

    pick: gr.Radio
    about: gr.HTML
    chart: gr.Plot
    table: gr.HTML


def layout(text: Text) -> Parts:
    """Lay out the questions; a plot is drawn once its question is picked."""
    choices = [
        (text.METHODS_QUESTION, METHODS),
        *((text.STUDY_WORDS[name][0], name) for name in STUDIES),
        (text.GRID_QUESTION, GRID),
    ]
    with gr.Accordion(text.STUDIES, open=False, elem_id="studies"):
        gr.HTML(markup.note(text.STUDIES_LEAD, "quiet"))
        pick = gr.Radio(choices, label=text.STUDIES_PICK, elem_id="pick-study")
        about = gr.HTML("", js_on_load=KEEP_UNFOLDED, elem_id="study-about")
        chart = gr.Plot(label=text.STUDIES, show_label=False, visible=False, elem_id="study-plot")
        table = gr.HTML("", js_on_load=KEEP_UNFOLDED, elem_id="study-table")
    return Parts(pick, about, chart, table)


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls of this part."""
    text = frame.text

    def show(name: str | None) -> tuple[Any, ...]:
        if name == METHODS:
            return compared(methods_chart.read(KEPT), text)
        if name == GRID:
            return attacked(grid_chart.read(GRID_KEPT), text)
        if name not in STUDIES:
            return gr.skip(), gr.skip(), gr.skip()
        study = STUDIES[name]
        table = study_chart.read(study_chart.path_of(study), study.kind)
        if table is None:
            return unanswered(study_chart.path_of(study), USUAL.format(name=study.name), text)
        return answered(
            about(study, table, text),
            study_chart.plot(study, table, text),
            study_chart.table_rows(study, table, text),
            text.STUDY_WORDS[study.name][0],
            text,
        )

    parts.pick.change(guarded(show), parts.pick, [parts.about, parts.chart, parts.table], **CHANGE)


def compared(table: pd.DataFrame | None, text: Text) -> tuple[str, dict[Any, Any], str]:
    """Words, plot and table of the comparison of methods; without it, the command that makes it."""
    if table is None:
        return unanswered(KEPT, PROTOCOL, text)
    first = table.iloc[0]
    facts = text.METHODS_FACTS.format(
        failed=table["failed"].sum(),
        n=int(table["n_forget_vqa"].max()),
        chance=first["chance_forget_vqa"],
        **{
            k: first[k]
            for k in (
                "tuning_people",
                "test_people",
                "seeds",
                "attack",
                "model",
                "quantization",
                "device",
            )
        },
    )
    waiting = methods_chart.waiting(table)
    words = (
        _edition(table, text)
        + markup.note(text.METHODS_NOTE)
        + markup.note(
            text.METHODS_WIDENED if methods_chart.was_widened(table) else text.METHODS_NOT_WIDENED
        )
        + markup.note(
            text.METHODS_WAITING.format(methods=", ".join(waiting)) if waiting else "", "quiet"
        )
        + how_measured((facts, _outcomes(table, text)), first["command"], text)
    )
    return answered(
        words,
        methods_chart.plot(table, text),
        methods_chart.table_rows(table, text),
        text.METHODS_QUESTION,
        text,
    )


def _edition(table: pd.DataFrame, text: Text) -> str:
    """The words for a table of an earlier edition of the embedded model; "" for one of today's."""
    return markup.note(text.FIRST_EDITION) if "first" in set(table.get("edition", ())) else ""


def _outcomes(table: pd.DataFrame, text: Text) -> str:
    """How many questions say what forgetting looks like; "" in a table from before they came."""
    if not {"n_still_sees", "n_names_other"} <= set(table):
        return ""
    return text.METHODS_SEES.format(
        sees=int(table["n_still_sees"].max()),
        names=int(table["n_names_other"].max()),
        chance=table["chance_still_sees"].mean(),
    )


def attacked(table: pd.DataFrame | None, text: Text) -> tuple[str, dict[Any, Any], str]:
    """Words, plot and table of the grid of attacks; without it, the command that makes it."""
    if table is None:
        return unanswered(GRID_KEPT, RELEARN.format(steps=20), text)
    first = table.iloc[0]
    names = {
        key: " ".join(sorted(set(table[column]) - {""}))
        for key, column in (
            ("people", "entity"),
            ("method", "method"),
            ("controls", "control_entity"),
        )
    }
    facts = text.GRID_FACTS.format(
        failed=table["after"].isna().sum(),
        n=int(table["n"].max()),
        chance=table["chance"].mean(),
        **names,
        **{k: first[k] for k in ("steps", "lr", "batch", "model", "quantization")},
    )
    average = text.GRID_AVERAGE.format(**{k: 100 * table[k].mean() for k in ("gain", "recovery")})
    words = (
        _edition(table, text)
        + markup.note(text.GRID_NOTE)
        + markup.note(average)
        + how_measured((facts,), RELEARN.format(steps=first["steps"]), text)
    )
    return answered(
        words,
        grid_chart.plot(table, text),
        grid_chart.table_rows(table, text),
        text.GRID_QUESTION,
        text,
    )


def answered(
    words: str,
    plot: go.Figure,
    table: tuple[Sequence[str], list[Sequence[str]]],
    question: str,
    text: Text,
) -> tuple[str, dict[Any, Any], str]:
    """What the page shows of a stored answer: its words, its plot, and its table behind one line."""
    rows = markup.folded(text.SHOW_TABLE, markup.table(*table, question), "quiet")
    return words, gr.update(value=plot, visible=True), rows


def how_measured(lines: Sequence[str], command: str, text: Text) -> str:
    """How an answer was measured, behind one line: what was done, on whom, by which command."""
    told = (*lines, text.STUDY_COMMAND.format(command=command))
    notes = "".join(markup.note(line, "quiet") for line in told)
    return markup.folded(text.STUDY_HOW, notes, "quiet")


def unanswered(path: Path, command: str, text: Text) -> tuple[str, dict[Any, Any], str]:
    """What the page shows without a stored answer: the command that makes it."""
    return missing(path, command, text), gr.update(visible=False), ""


def missing(path: Path, command: str, text: Text) -> str:
    """The words for an answer that is not there, with the command that produces it."""
    where = f"assets/results/{path.relative_to(RESULTS)}"
    return markup.note(text.STUDY_MISSING.format(path=where)) + markup.note(
        text.STUDY_COMMAND.format(command=command), "quiet"
    )


def _asked(measure: str, table: pd.DataFrame, text: Text) -> str:
    """How many questions a row of a study has for a measure, and their chance if there is one."""
    words = {"n": int(table[f"n_{measure}"].max()), "measure": text.SHORT_SCORES[measure]}
    if f"chance_{measure}" not in table:
        return text.STUDY_WRITTEN.format(**words)
    return text.STUDY_QUESTIONS.format(**words, chance=table[f"chance_{measure}"].mean())


def about(study: Study, table: pd.DataFrame, text: Text) -> str:
    """The words above the plot: how to read it, how many runs, on what, by which command."""
    first = table.iloc[0]
    facts = text.STUDY_FACTS.format(
        runs=table["runs"].max(),
        failed=table["failed"].sum(),
        **{k: first[k] for k in ("people", "seeds", "choice", "model", "quantization", "device")},
    )
    sizes = [
        _asked(m, table, text)
        for m in (column.removeprefix("after_") for column in text.STUDY_SERIES)
        if f"n_{m}" in table
    ]
    if "control_n" in table:
        sizes.append(text.STUDY_CONTROL.format(n=int(table["control_n"].max())))
    named = dict.fromkeys(FIRST_EXPERIMENTS, text.STUDY_FIRST)
    named |= dict.fromkeys(NEXT_CHECKS, text.STUDY_NEXT)
    return (
        _edition(table, text)
        + markup.verdict(verdict(study, table, text))
        + markup.note(named.get(study.name, ""), "quiet")
        + markup.note(text.STUDY_WORDS[study.name][1].format(points=100 * RETAIN_DROP))
        + markup.note(", ".join(sizes) + "." if sizes else "", "quiet")
        + how_measured((facts,), first["command"], text)
    )
