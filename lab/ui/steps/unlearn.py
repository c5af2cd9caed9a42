"""Step 3: choose a strength, watch the losses, read what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.events import Done, Ready
from lab.events.controls import CONTROLS
from lab.recipe import revise
from lab.report import markup, verdict
from lab.report.curves import empty, unlearn_chart
from lab.report.translated import translated
from lab.serve.pace import planned
from lab.serve.views import ENDED, RunView
from lab.ui import locks
from lab.ui.charts import live_chart
from lab.ui.context import (
    FIRST,
    FOLLOW,
    KEEP_UNFOLDED,
    QUICK,
    QUIET,
    Frame,
    guarded,
    open_step,
    remember,
)
from lab.ui.figures import arriving, result_html
from lab.ui.follow import found, look_up
from lab.ui.idea import idea
from lab.ui.kept import KEPT, go_on, kept_runs, made_before, stands_in
from lab.ui.steps import inside, settings
from lab.ui.waiting import face, portrait_of, waiting


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    settings: settings.Parts
    start: gr.Button
    line: gr.HTML
    before: gr.HTML
    again: gr.Button
    face: gr.HTML
    chart: gr.HTML
    result: gr.HTML
    go: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the step; with an example, its run is shown from the start."""
    text = frame.text
    idea(frame, 3)
    with gr.Row(elem_id="forget-row"):
        with gr.Column(scale=2, min_width=280, elem_id="forget-settings"):
            chosen = settings.layout(frame)
            with gr.Row():
                start = gr.Button(text.UNLEARN, variant="primary", elem_id="unlearn")
                go = gr.Button(text.GO_COMPARE, elem_id="go-compare")
        with gr.Column(scale=5, min_width=300):
            shown = look_up(frame.engine, frame.examples.stand_in("unlearn", ""))
            line, chart, result = _shown(shown, frame)
            line = gr.HTML(line, elem_id="unlearn-line")
            with gr.Row():
                with gr.Column(scale=3, min_width=200):
                    before = gr.HTML("", elem_id="unlearn-before")
                with gr.Column(scale=1, min_width=140):
                    again = gr.Button(
                        text.RUN_AGAIN,
                        size="sm",
                        visible=False,
                        min_width=100,
                        elem_id="unlearn-again",
                    )
            seen = face("unlearn-face")
            said = gr.HTML(result, js_on_load=KEEP_UNFOLDED, elem_id="unlearn-result")
            chart = live_chart(text.NO_CURVE, "unlearn-chart", chart)
    return Parts(chosen, start, line, before, again, seen, chart, said, go)


def wire(parts: Parts, frame: Frame, look: inside.Parts, runs: Sequence[gr.Button]) -> None:
    """Join the controls of the step; ``look`` are step 2's, ``runs`` start from other places."""
    fields = parts.settings.fields
    settings.wire(parts.settings, frame)
    _wire_starts(parts, frame, runs)
    frame.unlearn.change(**FIRST).then(
        _tail(parts, frame),
        [frame.unlearn, frame.history, frame.inspect],
        [parts.line, parts.before, parts.again, parts.face, parts.chart, parts.result],
        **FOLLOW,
    ).then(
        partial(go_on, frame.engine),
        [frame.unlearn, frame.history],
        [frame.unlearn, frame.history],
        **QUICK,
    )
    sliders = {"prune_share": look.prune, "mask_threshold": look.threshold}

    def go(prune: float, threshold: float, *held: Any) -> list[Any]:
        chosen = dict(zip(sliders, (prune, threshold), strict=True))
        return [*locks.free(frame, chosen, locks.of_tab(*held), sliders), open_step(3)]

    look.go.click(
        go,
        [*sliders.values(), *locks.inputs(frame)],
        [*(fields[name] for name in sliders), frame.steps],
        **QUICK,
    )
    parts.go.click(lambda: open_step(4), None, frame.steps, **QUICK)


def _wire_starts(parts: Parts, frame: Frame, runs: Sequence[gr.Button]) -> None:
    """Start a run from its settings, or once more; a kept run answers where it would be the same."""
    engine, fields = frame.engine, parts.settings.fields

    def start(entity: str, history: dict[str, Any], *values: Any) -> tuple[Any, ...]:
        if not frame.people.card(entity):
            raise LabError(frame.text.PICK_FIRST)
        chosen = dict(zip(fields, values, strict=True))
        recipe = revise(engine.preset.recipe, {"entity": entity, **chosen})
        for view in engine.under_way():
            # What it measures is of use to nobody any more, and this run would wait for it.
            if view.kind == "inspect" and (view.entity, recipe.method) != (entity, "vkd"):
                engine.stop(view.id)
        if kept := engine.same_run(recipe):
            return shown(kept, kept, entity, history)
        return shown(engine.submit(recipe), "", entity, history)

    def again(run_id: str, history: dict[str, Any]) -> tuple[Any, ...]:
        recipe = engine.run(run_id).recipe  # the controls may stand elsewhere by now
        new = engine.submit(recipe, anew=True)
        return shown(new, "", recipe.entity, history)

    def shown(run_id: str, kept: str, entity: str, history: dict[str, Any]) -> tuple[Any, ...]:
        """Answer with a run; ``kept``: its id again where it is a kept one."""
        for slot, value in (("unlearn", run_id), ("attack", ""), (KEPT, kept)):
            history = remember(history, entity, slot, value)
        words = made_before(engine, kept, frame.text)
        button = gr.Button(visible=bool(words))
        said = words or gr.skip()
        return run_id, "", history, markup.note(words), button, said, open_step(3)

    answer = [
        frame.unlearn,
        frame.attack,
        frame.history,
        parts.before,
        parts.again,
        frame.announce,
        frame.steps,
    ]
    gr.on(
        [parts.start.click, *(run.click for run in runs)],
        guarded(start),
        [frame.entity, frame.history, *fields.values()],
        answer,
        **QUIET,
    )
    parts.again.click(guarded(again), [frame.unlearn, frame.history], answer, **QUIET)


def lacks_controls(view: RunView) -> bool:
    """Return whether a run was scored and nobody has asked the controls the same questions."""
    done = found(view, Done)
    scored = done is not None and bool(done.result.get("after"))
    return view.state in ENDED and scored and done is not None and CONTROLS not in done.result


def _tail(parts: Parts, frame: Frame) -> Callable[..., AsyncIterator[dict[Any, Any]]]:
    """Return what follows a run for this step."""
    engine, text = frame.engine, frame.text

    async def tail(
        run_id: str, history: dict[str, Any], inspected: str, request: gr.Request
    ) -> AsyncIterator[dict[Any, Any]]:
        """Yield what the step shows of a run, until it has ended and the controls are asked.

        Without a run it is the example.
        """
        words = made_before(engine, run_id if run_id in kept_runs(history) else "", text)
        always = {parts.before: markup.note(words), parts.again: gr.Button(visible=bool(words))}
        async for view in frame.tails.follow("unlearn", run_id, request):
            if stands_in(view, run_id):
                return  # the page goes on with the kept run
            yield _updates(parts, frame, view, run_id, inspected) | always
        view = look_up(engine, run_id)
        if view is None or not lacks_controls(view):
            return
        asked = _updates(parts, frame, view, run_id)
        note = partial(markup.note, kind="quiet")
        yield asked | always | {parts.result: asked[parts.result] + note(text.CONTROLS_COMING)}
        try:
            ask = partial(engine.beside_controls, run_id)
            view = await frame.tails.latest("unlearn", request, ask)
        except LabError as error:
            yield {parts.result: asked[parts.result] + note(translated(str(error), frame.text))}
            return
        if view is not None:  # no line beside it: one about a kept run may have come meanwhile
            yield {parts.result: _updates(parts, frame, view, run_id)[parts.result]}

    return tail


def _updates(
    parts: Parts, frame: Frame, view: RunView | None, run_id: str, inspected: str = ""
) -> dict[Any, Any]:
    line, chart, result = _shown(view, frame)
    if view is None and run_id:
        line = markup.note(frame.text.GONE, "quiet")
    seen = portrait_of(view, inspected, frame)
    return {parts.line: line, parts.face: seen, parts.chart: chart, parts.result: result}


def _shown(view: RunView | None, frame: Frame) -> tuple[str, dict[str, Any], str]:
    """What the step shows of a run: its line, its curves, and its result so far."""
    text = frame.text
    if view is None:
        return "", empty(text.NO_CURVE), ""
    line = frame.examples.line(view, text)
    chart = unlearn_chart(view.events, planned(view.recipe), text)
    done = found(view, Done)
    if done and done.result:
        card = frame.people.card(view.entity)
        said = verdict.unlearned(done.result, card.name if card else view.entity, text)
        return (
            line,
            chart,
            verdict.shown(said, 3, view.entity)
            + markup.folded(text.FIGURES, result_html(done.result, text)),
        )
    ready = found(view, Ready)
    if ready and view.state not in ENDED:
        words = waiting(view, text) + markup.note(text.READY, "good")
        return line, chart, words + arriving(view.events, text)
    return line, chart, waiting(view, text)
