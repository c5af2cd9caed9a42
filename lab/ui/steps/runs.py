"""The report step, middle part: all finished runs of this lab side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.catalogue import MEASURES
from lab.errors import LabError
from lab.events import Done, relearning
from lab.report import markup, verdict
from lab.report.maps import runs_chart
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.views import ENDED, ORIGINAL, RunView
from lab.serve.visit import Visit
from lab.ui.context import Frame, guarded
from lab.ui.steps.probes import probe_table

MOST_RUNS = 60
MOST_CHOSEN = 3
SHORT_ID = 6  # of a run's id: enough to tell the runs of one lab apart


@dataclass(frozen=True)
class Parts:
    """The controls of this part."""

    show: gr.Button
    said: gr.HTML
    chart: gr.Plot
    table: gr.HTML
    chosen: gr.Dropdown
    ask: gr.Button
    answers: gr.HTML


def layout(text: Text) -> Parts:
    """Lay out the button, the plot, the table and the questions put to several runs."""
    gr.HTML(markup.heading(text.RUNS))
    show = gr.Button(text.RUNS_SHOW, elem_id="show-runs")
    said = gr.HTML("", elem_id="runs-said")
    chart = gr.Plot(label=text.RUNS, show_label=False, visible=False)
    table = gr.HTML("", elem_id="runs")
    chosen = gr.Dropdown(
        [],
        multiselect=True,
        max_choices=MOST_CHOSEN,
        label=text.RUNS_PICK,
        info=text.RUNS_PICK_INFO,
        visible=False,
        elem_id="runs-chosen",
    )
    ask = gr.Button(text.RUNS_ASK, visible=False, elem_id="ask-runs")
    return Parts(show, said, chart, table, chosen, ask, gr.HTML("", elem_id="runs-answers"))


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls of this part."""
    text = frame.text

    def show(entity: str) -> tuple[Any, ...]:
        results, more = finished(frame.engine), notes(frame.engine, text)
        if not results:
            return (
                "",
                gr.update(visible=False),
                markup.note(text.NO_RUNS, "quiet") + more,
                gr.update(visible=False),
                gr.update(visible=False),
                "",
            )
        asked = [r for r in reversed(results) if not r["foreign"]]
        names = [(_name(r, text), r["id"]) for r in asked]
        first = [r["id"] for r in asked if r["entity"] == entity][:MOST_CHOSEN]
        chart = runs_chart(results, never_knew(frame.engine), text)
        return (
            over_all(results, {card.id: card.name for card in frame.people.all()}, text),
            gr.update(value=chart, visible=True),
            markup.note(text.RUNS_LEAD, "quiet") + runs_table(results, text) + more,
            gr.update(choices=names, value=first, visible=True),
            gr.update(visible=True),
            "",
        )

    def ask(chosen: list[str]) -> str:
        views = [frame.engine.run(run_id) for run_id in chosen or ()]
        if not views:
            raise LabError(text.RUNS_NONE_PICKED)
        if len({v.entity for v in views}) > 1:
            raise LabError(text.RUNS_MIXED)
        rows = frame.engine.probes([ORIGINAL, *chosen], views[0].entity)
        names = [f"{v.recipe.method}, {v.id[:SHORT_ID]}" for v in views]
        return probe_table(rows, [text.ORIGINAL, *names], text)

    settings: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    parts.show.click(
        guarded(show),
        frame.entity,
        [parts.said, parts.chart, parts.table, parts.chosen, parts.ask, parts.answers],
        show_progress="hidden",
        **settings,
    )
    parts.ask.click(guarded(ask), parts.chosen, parts.answers, **settings)


def _name(result: dict[str, Any], text: Text) -> str:
    facts = {k: result[k] for k in ("entity", "method", "seed", "steps")}
    return text.RUN_NAME.format(**facts, id=result["id"][:SHORT_ID])


def finished(engine: Visit) -> list[dict[str, Any]]:
    """The results of the newest finished unlearning runs, each with the gain of its last relearning."""
    gains: dict[str, float] = {}
    results: list[tuple[str, dict[str, Any]]] = []
    for view in engine.runs():
        done = _done(view)
        if not done:
            continue
        if view.attack and view.attack.kind == "relearn" and view.parent:
            gains[view.parent] = done.result.get("gain", float("nan"))
        elif view.kind == "unlearn" and done.result.get("after"):
            results.append((view.id, {**done.result, "foreign": view.foreign}))
    return [{**r, "id": run_id, "gain": gains.get(run_id)} for run_id, r in results[-MOST_RUNS:]]


def over_all(results: Sequence[dict[str, Any]], names: Mapping[str, str], text: Text) -> str:
    """The sentence above the chart and the table; those of another model are not averaged."""
    ours = [r for r in results if not r["foreign"]]
    return markup.verdict(verdict.several(ours, names, text).words)


def notes(engine: Visit, text: Text) -> str:
    """What a reader should know about how runs are kept, such as missing figures, or ""."""
    return "".join(
        markup.note(
            text.RUN_NOTE.format(
                kind=text.RUN_KINDS[v.kind],
                entity=v.entity,
                id=v.id[:SHORT_ID],
                note=translated(v.note, text),
            ),
            "quiet",
        )
        for v in engine.runs()
        if v.note
    )


def never_knew(engine: Visit) -> float | None:
    """Mean Forget VQA of the controls in this lab's attacks before relearning; None without one."""
    found = [
        control["before"]
        for view in engine.runs()
        if view.kind == "attack"
        and (done := _done(view))
        and (control := relearning.never_knew(done.result))
    ]
    return sum(found) / len(found) if found else None


def _done(view: RunView) -> Done | None:
    last = view.events[-1] if view.events and view.state in ENDED else None
    return last if isinstance(last, Done) and last.result else None


def runs_table(results: Sequence[dict[str, Any]], text: Text) -> str:
    """One row for each run: the measures after unlearning, what was trained, AG, time, memory.

    A measure that none of the runs has is left out; a run that lacks one of the others shows a dash.
    """
    shares = [key for key in MEASURES if any(key in r["after"] for r in results)]
    names = [text.SHORT_SCORES[key] for key in shares]
    rows = [
        (
            text.FOREIGN_NAME.format(name=r["entity"], other=r["foreign"])
            if r["foreign"]
            else r["entity"],
            r["method"],
            str(r["seed"]),
            str(r["steps"]),
            *(
                markup.percent(r["after"][key], text) if key in r["after"] else text.NOTHING
                for key in shares
            ),
            markup.percent(r.get("trainable_share"), text),
            text.POINTS.format(points=100 * r["gain"]) if r["gain"] is not None else text.UNKNOWN,
            markup.duration(r["seconds"]["total"], text),
            text.MEGABYTES.format(megabytes=r["peak_memory_mb"]),
        )
        for r in results
    ]
    counts = {k: n for r in results for k, n in r["n"].items()}  # the newest run that has it
    sizes = ", ".join(f"{text.SHORT_SCORES[k]} {counts[k]}" for k in shares if k in counts)
    known = [c for r in results if (c := r["chance"].get("forget_vqa")) is not None]
    note = text.RUNS_SIZES.format(sizes=sizes, chance=known[-1] if known else 0.25)
    guesses = {r["entity"]: r["chance"].get("still_sees") for r in results}
    if any(level is not None for level in guesses.values()):
        note += " " + text.RUNS_GUESSES.format(
            guesses=", ".join(
                f"{who} {markup.percent(level, text)}"
                for who, level in guesses.items()
                if level is not None
            )
        )
    if any(None in r["chance"].values() for r in results):
        note += " " + text.NO_CHANCE
    return markup.table(
        (*text.RUNS_HEAD[:4], *names, *text.RUNS_HEAD[4:]), rows, text.RUNS
    ) + markup.note(note, "quiet")
