"""The bar above the steps, the panel behind it, and the line of status below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from lab.benchmarks.left_out import some
from lab.report import markup
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.views import RunView, Status
from lab.serve.visit import Visit
from lab.ui import lessons, link, menu, status
from lab.ui.classroom import notes
from lab.ui.context import (
    CHANGE,
    JS_ONLY,
    QUICK,
    QUIET,
    Frame,
    announcer,
    guarded,
    open_step,
    remember,
    remembered,
)
from lab.ui.follow import look_up
from lab.ui.gallery import People
from lab.ui.language import CHANGE_JS
from lab.ui.steps import compare
from lab.ui.talk import Talk

TICK_SECONDS = 2
# The marks on the steps' tabs come with the chip: both say what there is.
CHIP_JS = """
const say = () => {
  const chip = element.querySelector('.lab-chip');
  if (chip) chip.textContent = props.value.words;
  chip?.classList.toggle('busy', props.value.busy);
  const mark = (tries) => window.lab?.mark && document.querySelector('#steps [role=tab]')
    ? window.lab.mark(props.value.done) : tries && setTimeout(() => mark(tries - 1), 100);
  mark(100);
};
say(); watch('value', say);
"""


@dataclass(frozen=True)
class Parts:
    """The controls of the bar, the panel and the line of status."""

    person: gr.Button
    chip: gr.HTML
    run: gr.Button
    more: gr.Button
    facts: gr.HTML
    reset: gr.Button
    download: gr.Button
    link: link.Parts
    theme: gr.Radio
    language: gr.Radio
    menu: menu.Parts
    timer: gr.Timer
    lesson: lessons.Parts


@dataclass(frozen=True)
class Foot:
    """The line of status: what was just done, what runs now, and Stop."""

    announce: gr.HTML
    line: gr.HTML
    stop: gr.Button
    moment: gr.Textbox


def layout(engine: Visit, people: People, entity: str, recorded: bool, text: Text) -> Parts:
    """Lay out the bar and the panel; ``entity`` is chosen at first, ``recorded``: by an example."""
    card = people.card(entity)
    chip_words = text.CHIP_EXAMPLE if recorded else text.CHIP_NOTHING
    with gr.Row(elem_id="bar", equal_height=True):
        gr.HTML(f"<h1>{escape(text.TITLE)}</h1>", elem_id="title")
        person = gr.Button(card.name if card else text.NO_PERSON, size="sm", elem_id="person")
        chip = gr.HTML(
            {"words": chip_words, "busy": False, "done": []},
            html_template='<span class="lab-chip"></span>',
            js_on_load=CHIP_JS,
            elem_id="chip",
        )
        run = gr.Button(text.RUN_IT, size="sm", elem_id="run-it", interactive=card is not None)
        more = gr.Button("…", size="sm", elem_id="more")
    with gr.Column(elem_id="panel"):
        facts = gr.HTML(facts_html(engine.status(), text), elem_id="facts")
        with gr.Row(elem_classes="lab-row-buttons"):
            download = gr.Button(text.DOWNLOAD, size="sm", min_width=80, elem_id="download")
            reset = gr.Button(text.RESET, size="sm", min_width=80, elem_id="reset")
        copy = link.layout(text)
        lesson = lessons.layout(text)
        theme = gr.Radio(
            [(words, name) for name, words in text.THEMES.items()],
            label=text.THEME,
            elem_id="theme",
        )
        language = gr.Radio(
            [(name, code) for code, name in text.LANGUAGES.items()],
            value=text.language,
            label=text.LANGUAGE,
            elem_id="language",
        )
        choose = menu.layout(engine, text)
    timer = gr.Timer(TICK_SECONDS)
    return Parts(
        person,
        chip,
        run,
        more,
        facts,
        reset,
        download,
        copy,
        theme,
        language,
        choose,
        timer,
        lesson,
    )


def layout_foot(recorded: bool, text: Text) -> Foot:
    """Lay out the line of status, which stays in view below every step."""
    with gr.Row(elem_id="foot", equal_height=True):
        announce = announcer(text.HELLO_EXAMPLE if recorded else text.HELLO)
        line = gr.HTML("", elem_id="now")
        stop = gr.Button(text.STOP, size="sm", min_width=70, elem_id="stop")
        # Not a State: Gradio tells nobody that one has changed where a handler does not queue.
        moment = gr.Textbox("", show_label=False, container=False, visible="hidden")
    return Foot(announce, line, stop, moment)


def facts_html(state: Status, text: Text) -> str:
    """Return what is loaded as a description list, with what a visitor should know about it."""
    worker = text.WORKERS.get(state.worker, state.worker)
    if not state.ready and not state.error:
        worker = text.LOADING_WORKER
    if state.waiting:
        worker = text.QUEUE_SUFFIX.format(worker=worker, waiting=state.waiting)
    memory = text.MEMORY_VALUE.format(
        used=state.memory_used_mb / 1024, total=state.memory_total_mb / 1024
    )
    pairs = (
        (text.MODEL, state.model),
        (text.QUANTIZATION, state.quantization),
        (text.DEVICE, state.device),
        (text.MEMORY, memory),
        (text.WORKER, worker),
    )
    facts = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in pairs)
    notes = (_readiness(state, text), *_left_out(state, text))
    return f'<dl class="lab-facts">{facts}</dl>{"".join(map(markup.note, notes))}'


def _readiness(state: Status, text: Text) -> str:
    """Why the model cannot be asked yet; "" where it can."""
    if state.error:
        words = text.CHANGE_FAILED if state.ready else text.ENGINE_ERROR
        return words.format(error=translated(state.error, text))
    return "" if state.ready else text.LOADING.format(phase=translated(state.phase, text))


def _room(state: Status, text: Text) -> str:
    """What everybody in the room should know now; "" for nothing."""
    if state.changing:
        coming = state.changing
        return text.CHANGING.format(model=coming.model, benchmark=coming.benchmark)
    return "" if state.ready else _readiness(state, text)


def _left_out(state: Status, text: Text) -> list[str]:
    """What the benchmark lost on reading, a sentence a fact; none where it is whole."""
    left = state.left_out
    if not left.rows:
        return []
    said = [text.LEFT_OUT.format(count=len(left.rows), files=left.by_file, first=left.first)]
    if left.people:
        said.append(text.LOST_PEOPLE.format(count=len(left.people), people=some(left.people)))
    return said + [
        text.LOST_MEMBERS.format(split=split, members=some(members))
        for split, members in left.splits.items()
    ]


def wire(
    parts: Parts,
    foot: Foot,
    frame: Frame,
    chat: compare.Parts,
    told: notes.Parts | None,
) -> None:
    """Join the controls; ``told``: what the page hears of a room, if it is one's."""
    text = frame.text

    def show_person(entity: str) -> tuple[Any, ...]:
        card = frame.people.card(entity)
        name = card.name if card else text.NO_PERSON
        return gr.Button(value=name), gr.Button(interactive=card is not None)

    frame.entity.change(show_person, frame.entity, [parts.person, parts.run], **CHANGE)
    parts.person.click(lambda: open_step(1), None, frame.steps, **QUICK)
    parts.more.click(fn=None, js="() => window.lab.panel()", **JS_ONLY)
    parts.theme.input(fn=None, js="(name) => window.lab.theme(name)", inputs=parts.theme, **JS_ONLY)
    parts.language.input(fn=None, js=CHANGE_JS, inputs=parts.language, **JS_ONLY)
    frame.edition.select(show_person, frame.entity, [parts.person, parts.run], **CHANGE)
    menu.wire(parts.menu, parts.more, frame)
    _wire_now(parts, foot, frame, chat, told)
    _wire_stop(parts, foot, frame)


def _wire_now(
    parts: Parts, foot: Foot, frame: Frame, chat: compare.Parts, told: notes.Parts | None
) -> None:
    """Keep the bar, the line and the marks true: one small question every two seconds."""
    engine, text = frame.engine, frame.text
    before = [frame.entity, frame.history, chat.talk, frame.moment, frame.edition]
    asks, hears = (told.inputs, told.outputs) if told else ([], [])

    def tick(
        entity: str, history: dict[str, Any], talk: Talk, moment: str, edition: int, *rest: Any
    ) -> list[Any]:
        asked, slots = rest[: len(asks)], rest[len(asks) :]
        answered = any(len(turn["models"]) > 1 for turn in talk) and not any(
            frame.examples.of(model) for turn in talk for model in turn["models"]
        )
        state = engine.status()
        runs = status.Asked(entity, slots, remembered(history))
        now = status.now(engine, frame.people, frame.examples, runs, answered, text)
        chip = {"words": now.chip, "busy": bool(now.under_way), "done": list(now.done)}
        line = now.under_way or _room(state, text)
        same = now.moment == moment
        mark = f"{entity} {len(talk)} {now.moment}"
        return [
            facts_html(state, text),
            chip,
            f"<p>{escape(line)}</p>" if line else "",
            gr.skip() if same else now.said,
            gr.skip() if same else now.moment,
            gr.skip() if edition == engine.menu.edition else engine.menu.edition,
            *(notes.answer(told, asked, engine.who(), mark, text) if told else ()),
        ]

    parts.timer.tick(
        tick,
        [*before, *asks, *frame.slots],
        [parts.facts, parts.chip, foot.line, frame.announce, frame.moment, frame.edition, *hears],
        js=notes.here_js(len(before)) if told else None,
        **QUICK,
    )


def _wire_stop(parts: Parts, foot: Foot, frame: Frame) -> None:
    engine, text = frame.engine, frame.text

    def end(run_ids: Sequence[str]) -> list[RunView]:
        # also what was started for somebody else, or before a reset: this browser's runs, all
        views = {view.id: view for view in engine.under_way()}
        for run_id in run_ids:
            view = look_up(engine, run_id)
            if view and view.mine and view.state in ("waiting", "running"):
                views[run_id] = view
        for run_id in views:
            engine.stop(run_id)
        return list(views.values())

    def stop(*run_ids: str) -> str:
        ended = end(run_ids)
        if not ended:
            looks = status.looking(engine, text)
            return text.LOOKS_GO_ON.format(looks=looks) if looks else text.NOTHING_RUNS
        return text.STOPPING.format(which=", ".join(_name(v, frame) for v in ended))

    def reset(entity: str, history: dict[str, Any], *run_ids: str) -> tuple[Any, ...]:
        ended = end(run_ids)
        history = remember(remember(history, entity, "unlearn", ""), entity, "attack", "")
        words = [text.STOPPING.format(which=", ".join(_name(v, frame) for v in ended))] * bool(
            ended
        )
        return "", "", history, " ".join([*words, text.RESET_DONE])

    foot.stop.click(guarded(stop), [*frame.slots], frame.announce, **QUIET)
    parts.reset.click(
        guarded(reset),
        [frame.entity, frame.history, *frame.slots],
        [frame.unlearn, frame.attack, frame.history, frame.announce],
        **QUIET,
    )


def _name(view: RunView, frame: Frame) -> str:
    """What a run is and whom it is about."""
    card = frame.people.card(view.entity)
    kind = frame.text.ATTACK_KINDS[view.attack.kind] if view.attack else ""
    words = kind or frame.text.RUN_KINDS[view.kind]
    return frame.text.RUN_OF.format(kind=words, name=card.name if card else view.entity)
