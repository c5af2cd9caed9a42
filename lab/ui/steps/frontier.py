"""The report step: the frontier of what is kept and how fast relearning is, with the visitor's runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.catalogue import METHODS, TRAINING_ATTACKS
from lab.events import Done
from lab.experiments.studies import RESULTS
from lab.report import frontier_chart, markup
from lab.report.frontier import AIM, KEEPS, Attacked, Frontier, Point, own_point, read, verdict
from lab.report.text import Text
from lab.serve.views import ENDED, RunView
from lab.ui.context import CHANGE, KEEP_UNFOLDED, Frame, guarded, remembered
from lab.ui.follow import found, look_up
from lab.ui.steps.studies import answered, how_measured, missing, unanswered

KEPT = RESULTS / "frontier.json"
MAKE = "python -m assets.build.results --only frontier"
SHORT_ID = 6


@dataclass(frozen=True)
class Parts:
    """The controls of this part; ``shown``: whether it is unfolded."""

    panel: gr.Accordion
    shown: gr.State
    about: gr.HTML
    chart: gr.Plot
    table: gr.HTML


def layout(text: Text) -> Parts:
    """Lay out the part folded; the plot is drawn once it is unfolded, for it needs its width."""
    with gr.Accordion(text.FRONTIER, open=False, elem_id="frontier") as panel:
        about = gr.HTML("", js_on_load=KEEP_UNFOLDED, elem_id="frontier-about")
        chart = gr.Plot(
            label=text.FRONTIER, show_label=False, visible=False, elem_id="frontier-plot"
        )
        table = gr.HTML("", js_on_load=KEEP_UNFOLDED, elem_id="frontier-table")
    return Parts(panel, gr.State(False), about, chart, table)


def wire(parts: Parts, frame: Frame, tab: gr.Tab) -> None:
    """Join the controls; unfolded, it is true again whenever ``tab``, the step's, is opened."""
    drawn = [parts.about, parts.chart, parts.table]

    def draw(history: dict[str, Any] | None) -> tuple[Any, ...]:
        own, uncontrolled = own_points(frame, history)
        return laid_out(read(KEPT), own, uncontrolled, frame.text)

    def unfold(history: dict[str, Any] | None) -> tuple[Any, ...]:
        return (True, *draw(history))

    def renew(shown: bool, history: dict[str, Any] | None) -> tuple[Any, ...]:
        return draw(history) if shown else (gr.skip(),) * len(drawn)

    parts.panel.expand(guarded(unfold), frame.history, [parts.shown, *drawn], **CHANGE)
    parts.panel.collapse(lambda: False, None, parts.shown, **CHANGE)
    tab.select(guarded(renew), [parts.shown, frame.history], drawn, **CHANGE)


def own_points(frame: Frame, history: dict[str, Any] | None) -> tuple[list[Point], int]:
    """A point for each run of this browser that was attacked by training, and how many have none."""
    attacks: dict[str, list[Attacked]] = {}
    for view in frame.engine.runs():
        done = _done(view)
        if view.attack and view.attack.kind in TRAINING_ATTACKS and view.parent and done:
            attacks.setdefault(view.parent, []).append((view.attack, done.result))
    views = [look_up(frame.engine, run_id) for run_id in remembered(history)]
    ours = [v for v in views if v and v.kind == "unlearn" and v.id in attacks and not v.foreign]
    made = [_point(view, attacks[view.id], frame) for view in ours]
    points = [point for point in made if point]
    return points, len(made) - len(points)


def laid_out(
    kept: Frontier | None, own: Sequence[Point], uncontrolled: int, text: Text
) -> tuple[Any, ...]:
    """Words, plot and table; the command that makes the kept points where there are none."""
    if (kept is None or not kept.points) and not own:
        return unanswered(KEPT, MAKE, text)
    points = kept.points if kept else ()
    return answered(
        _words(kept, own, uncontrolled, text),
        frontier_chart.plot(points, own, text),
        frontier_chart.table_rows(points, own, text),
        text.FRONTIER,
        text,
    )


def _words(kept: Frontier | None, own: Sequence[Point], uncontrolled: int, text: Text) -> str:
    """The verdict, how to read the chart, and what is missing in it."""
    points = kept.points if kept else ()
    measured = {point.method for point in points}
    waiting = ", ".join(method for method in METHODS if method not in measured)
    without = kept.without if kept else 0
    yours = text.FRONTIER_YOUR_RUNS.format(count=len(own)) if own else text.FRONTIER_NO_RUNS
    lacking = text.FRONTIER_UNCONTROLLED.format(count=uncontrolled) if uncontrolled else ""
    quiet = (
        text.FRONTIER_CHOICE.format(keeps=100 * KEEPS, aim=100 * AIM),
        text.FRONTIER_WAITING.format(methods=waiting) if points and waiting else "",
        text.FRONTIER_WITHOUT.format(count=without) if without else "",
    )
    return (
        markup.note(text.FRONTIER_OTHER if kept and kept.other else "")
        + (markup.verdict(verdict(points, text)) if points else missing(KEPT, MAKE, text))
        + markup.note(text.FRONTIER_LEAD)
        + markup.note(" ".join(filter(None, (yours, lacking))))
        + (how_measured(quiet, MAKE, text) if points else "")
    )


def _point(view: RunView, attacks: Sequence[Attacked], frame: Frame) -> Point | None:
    """The point of a run; None where it was not scored on others, or has no control."""
    done, recipe = _done(view), view.recipe
    if done is None or "retain_vqa" not in done.result.get("after", {}):
        return None
    card = frame.people.card(view.entity)
    run = frame.text.FRONTIER_OWN_RUN.format(
        person=card.name if card else view.entity, seed=recipe.seed, id=view.id[:SHORT_ID]
    )
    return own_point(recipe, frame.engine.preset.recipe, done.result, attacks, run)


def _done(view: RunView) -> Done | None:
    """The result of a run that ended and has one."""
    done = found(view, Done) if view.state in ENDED else None
    return done if done and done.result else None
