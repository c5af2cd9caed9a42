"""Step 3: choose a strength, watch the losses, read what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from lab.catalogue import EVERY_METHOD, METHOD_ROWS, VISUAL_METHODS
from lab.errors import LabError
from lab.events import Done, Ready
from lab.events.controls import CONTROLS
from lab.recipe import STRENGTHS, Preset, Recipe, revise
from lab.report import markup, verdict
from lab.report.curves import empty, unlearn_chart
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.pace import planned
from lab.serve.views import ENDED, RunView
from lab.ui.charts import live_chart
from lab.ui.context import (
    FIELD_GROUPS,
    FOLLOW,
    KEEP_UNFOLDED,
    QUICK,
    QUIET,
    Frame,
    follow_defaults,
    guarded,
    open_step,
    recipe_controls,
    remember,
)
from lab.ui.figures import arriving, result_html
from lab.ui.follow import found, look_up
from lab.ui.idea import idea
from lab.ui.kept import KEPT, go_on, kept_runs, made_before, stands_in
from lab.ui.steps import inside
from lab.ui.waiting import face, portrait_of, waiting

DEFAULT_STRENGTH = "Standard"


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    strength: gr.Radio
    fields: dict[str, gr.components.Component]
    groups: dict[str, gr.Column]
    about: gr.HTML
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
    base = recipe_for(frame.engine.preset, DEFAULT_STRENGTH)
    with gr.Row(elem_id="forget-row"):
        with gr.Column(scale=2, min_width=280, elem_id="forget-settings"):
            strength = gr.Radio(
                [(text.STRENGTH_NAMES[s], s) for s in STRENGTHS],
                value=DEFAULT_STRENGTH,
                label=text.STRENGTH,
            )
            method = recipe_controls(base, text, only=("method",))
            about = gr.HTML(about_method(base.method, text), elem_id="about-method")
            with gr.Accordion(text.ADVANCED, open=False, elem_id="settings"):
                controls, groups = _grouped(base, text)
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
    fields = method | controls
    return Parts(strength, fields, groups, about, start, line, before, again, seen, chart, said, go)


def used_by(method: str, name: str) -> bool:
    """Whether a method uses a setting of the recipe."""
    return name in EVERY_METHOD or name in METHOD_ROWS[method].settings


def _grouped(
    base: Recipe, text: Text
) -> tuple[dict[str, gr.components.Component], dict[str, gr.Group]]:
    """All settings in their groups; only those that the method uses can be seen."""
    controls: dict[str, gr.components.Component] = {}
    groups: dict[str, gr.Column] = {}
    for group, names in FIELD_GROUPS.items():
        shown = any(used_by(base.method, name) for name in names)
        with gr.Column(visible=shown, elem_classes="lab-group") as groups[group]:
            gr.HTML(markup.heading(text.FIELD_GROUPS[group]))
            with gr.Row(elem_classes="lab-grid"):
                controls |= recipe_controls(
                    base, text, only=names, used=lambda name: used_by(base.method, name)
                )
    return controls, groups


def about_method(method: str, text: Text) -> str:
    """Return what a method does, what is our choice, and whether it changes the language model."""
    may_change = "" if method in VISUAL_METHODS else " " + text.MAY_CHANGE_TEXT
    words = markup.note(text.METHODS[method] + may_change, "quiet")
    return markup.folded(text.ABOUT_METHOD, words, "quiet")


def recipe_for(preset: Preset, strength: str) -> Recipe:
    """Return the preset's recipe at a strength."""
    return revise(preset.recipe, STRENGTHS.get(strength, {}))


def wire(parts: Parts, frame: Frame, look: inside.Parts, runs: Sequence[gr.Button]) -> None:
    """Join the controls of the step; ``look`` are step 2's, ``runs`` start from other places."""
    engine, text, names = frame.engine, frame.text, list(parts.fields)
    controls = list(parts.fields.values())

    def start(entity: str, history: dict[str, Any], *values: Any) -> tuple[Any, ...]:
        if not frame.people.card(entity):
            raise LabError(text.PICK_FIRST)
        settings = dict(zip(names, values, strict=True))
        recipe = revise(engine.preset.recipe, {"entity": entity, **settings})
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
        words = made_before(engine, kept, text)
        button = gr.Button(visible=bool(words))
        said = words or gr.skip()
        return run_id, "", history, markup.note(words), button, said, open_step(3)

    def choose(strength: str) -> list[Any]:
        recipe = recipe_for(engine.preset, strength)  # how strongly, not by what method
        return [gr.skip() if name == "method" else getattr(recipe, name) for name in names]

    def settle(method: str) -> list[Any]:
        shown = [gr.update(visible=used_by(method, n)) for n in names if n != "method"]
        groups = [
            gr.Column(visible=any(used_by(method, n) for n in FIELD_GROUPS[g]))
            for g in parts.groups
        ]
        return [about_method(method, text), *shown, *groups]

    parts.fields["method"].change(
        settle,
        parts.fields["method"],
        [
            parts.about,
            *(c for name, c in parts.fields.items() if name != "method"),
            *parts.groups.values(),
        ],
        **QUICK,
    )
    follow_defaults(frame, parts.fields, recipe_for, [parts.strength])
    parts.strength.input(choose, parts.strength, controls, **QUICK)
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
        [frame.entity, frame.history, *controls],
        answer,
        **QUIET,
    )
    parts.again.click(guarded(again), [frame.unlearn, frame.history], answer, **QUIET)
    frame.unlearn.change(
        _tail(parts, frame),
        [frame.unlearn, frame.history, frame.inspect],
        [parts.line, parts.before, parts.again, parts.face, parts.chart, parts.result],
        **FOLLOW,
    ).then(
        partial(go_on, engine),
        [frame.unlearn, frame.history],
        [frame.unlearn, frame.history],
        **QUICK,
    )
    look.go.click(
        lambda prune, threshold: (prune, threshold, open_step(3)),
        [look.prune, look.threshold],
        [parts.fields["prune_share"], parts.fields["mask_threshold"], frame.steps],
        **QUICK,
    )
    parts.go.click(lambda: open_step(4), None, frame.steps, **QUICK)


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
