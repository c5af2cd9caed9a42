"""Step 4: one question, one picture, two or three models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.events import Done
from lab.report import markup, verdict
from lab.report.curves import empty, unlearn_chart
from lab.report.text import Text
from lab.serve.pace import planned
from lab.serve.views import ENDED
from lab.ui import picture
from lab.ui.asking import ASKED_JS, asking, fitting, settled
from lab.ui.charts import live_chart
from lab.ui.context import CANCEL, CHANGE, FOLLOW, QUICK, Frame, guarded
from lab.ui.follow import found, look_up
from lab.ui.idea import idea
from lab.ui.talk import Talk, histories, sides

MOST_SUGGESTIONS = 3
FEW_FACTS = 3  # a profile with fewer is no list of what can be asked


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use."""

    shown: picture.Parts
    chats: list[gr.Chatbot]
    talk: gr.State
    third: gr.Checkbox
    question: gr.Textbox
    follows: gr.Checkbox
    ask: gr.Button
    clear: gr.Button
    retry: gr.Button
    suggested: list[gr.Button]
    sides_note: gr.HTML
    curve: gr.HTML
    about: gr.HTML


def layout(frame: Frame) -> Parts:
    """Lay out the chats; the fixed questions follow in ``probes``. An example fills them."""
    text, example = frame.text, frame.examples.first
    idea(frame, 4)
    talk = frame.examples.talk(example, False) if example else []
    note = said_of(frame, "") if example else markup.note(text.NO_UNLEARNED, "quiet")
    sides_note = gr.HTML(note, elem_id="sides-note")
    with gr.Row(elem_id="ask-row"):
        with gr.Column(scale=2, min_width=200, elem_id="ask-picture"):
            shown = picture.layout(frame)
        with gr.Column(scale=7, min_width=300):
            with gr.Row():
                chats = _chats(talk, text)
            suggested = _suggested(frame)
            with gr.Row(equal_height=True, elem_id="ask-line"):
                question, ask = _question(text)
            about = gr.HTML(_about(frame), elem_id="ask-about")
            with gr.Row(elem_id="ask-options"):
                follows = gr.Checkbox(label=text.FOLLOW_UP, container=False, elem_id="follow-up")
                third = gr.Checkbox(
                    label=text.SHOW_RELEARNED,
                    value=False,
                    visible=example is not None and frame.examples.has_third(example),
                    container=False,
                )
                clear = gr.Button(text.CLEAR, size="sm", elem_id="clear")
                retry = gr.Button(text.RETRY, size="sm", elem_id="retry")
        with gr.Column(scale=4, min_width=300, elem_id="ask-curve"):
            curve = live_chart(text.NO_CURVE, "ask-chart", curve_of(frame, ""))
    return Parts(
        shown,
        chats,
        gr.State(talk),
        third,
        question,
        follows,
        ask,
        clear,
        retry,
        suggested,
        sides_note,
        curve,
        about,
    )


def _about(frame: Frame) -> str:
    """What can be asked of the benchmark that is loaded; "" before its people are known."""
    told = next((card.profile for card in frame.people.all() if not card.questions), None)
    if told is None:
        return ""
    words = askable(told, frame.engine.menu.loaded.benchmark, frame.text)
    return markup.folded(frame.text.ASK_WHAT, markup.note(words), "quiet")


def askable(profile: Mapping[str, str], benchmark: str, text: Text) -> str:
    """Return in one sentence what can be asked about people who have such a profile."""
    if len(profile) < FEW_FACTS:
        return text.ASK_PEOPLE.format(benchmark=benchmark)
    names = (text.FACT_NAMES.get(fact.lower(), fact) for fact in profile)
    return text.ASK_ABOUT.format(facts=", ".join(names))


def curve_of(frame: Frame, run_id: str) -> dict[str, Any]:
    """Return the value of the chart beside the chats: a run's accuracies, or the example's."""
    view = look_up(frame.engine, frame.examples.stand_in("unlearn", run_id))
    if view is None:
        return empty(frame.text.NO_CURVE)
    chart = unlearn_chart(view.events, planned(view.recipe), frame.text)
    return {**chart, "panels": chart["panels"][-1:]}


def _suggested(frame: Frame) -> list[gr.Button]:
    """The buttons of suggested questions; those of the example's person are there at first."""
    chosen = frame.examples.entity
    words = _few(frame.engine.suggestions(chosen, True) if chosen else [])
    with gr.Row(elem_classes="lab-suggested"):
        return [gr.Button(word, size="sm", visible=bool(word), min_width=60) for word in words]


def _few(questions: Sequence[str]) -> list[str]:
    """The first questions and the last, which asks for something else; "" where there are fewer."""
    first = MOST_SUGGESTIONS - 1
    few = [*questions[:first], *questions[first:][-1:]]
    return [*few, *[""] * (MOST_SUGGESTIONS - len(few))]


def _question(text: Text) -> tuple[gr.Textbox, gr.Button]:
    """The line to type a question in, and the button that sends it."""
    question = gr.Textbox(
        label=text.QUESTION,
        lines=1,
        max_lines=1,
        scale=6,
        min_width=200,
        elem_id="question",
    )
    return question, gr.Button(text.ASK, variant="primary", scale=1, min_width=80, elem_id="ask")


def _chats(talk: Talk, text: Text) -> list[gr.Chatbot]:
    """One column for each model; the third waits until it is asked for."""
    names = {"original": text.ORIGINAL, "unlearned": text.UNLEARNED, "relearned": text.RELEARNED}
    return [
        gr.Chatbot(
            history or None,
            label=label,
            height=300,
            visible=name != "relearned",
            allow_tags=False,
            buttons=["copy_all"],
            placeholder=text.NO_ANSWER,
            min_width=200,
            render_markdown=False,
            elem_id=f"chat-{name}",
        )
        for (name, label), history in zip(names.items(), histories(talk, text), strict=True)
    ]


def wire(parts: Parts, frame: Frame, stop: gr.Button, tab: gr.Tab) -> None:
    """Join the controls of the step; ``stop`` ends a streaming answer too, ``tab`` opens the step."""
    runs = [frame.entity, frame.unlearn, frame.attack]
    memory = [parts.shown.picture, *runs, parts.third]
    ask, retry = asking(frame)
    answered = [parts.talk, parts.question, *parts.chats]
    # No limit here: who has many questions waits in the engine, by turns with everybody else.
    free = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
    events = [
        gr.on(
            [
                parts.ask.click,
                parts.question.submit,
                *(button.click for button in parts.suggested),
            ],
            guarded(ask),
            [parts.question, parts.follows, parts.talk, *memory],
            answered,
            js=ASKED_JS,
            **free,
            trigger_mode="always_last",  # one more question waits until the answer is there
        ),
        parts.retry.click(guarded(retry), [parts.talk, *memory], answered, **free),
    ]
    # A column's own bin clears the talk for all, so that no column is left behind.
    gr.on(
        [parts.clear.click, *(chat.clear for chat in parts.chats)],
        _blank,
        None,
        answered,
        cancels=events,
        **QUICK,
    )
    # An answer that still comes is not shown to whoever has chosen somebody else meanwhile.
    gr.on([stop.click, frame.entity.change], cancels=events, **CANCEL)
    # One that came while another run or picture was chosen goes when it is whole.
    now = [parts.talk, parts.shown.picture, frame.unlearn, frame.attack, parts.third]
    for event in events:
        event.then(
            guarded(lambda *chosen: settled(frame, *chosen)),
            now,
            [parts.talk, *parts.chats],
            **CHANGE,
        )
    # Change events fire when a hidden step is first shown, too: only a real change clears.
    gr.on(
        [
            parts.shown.picture.change,
            frame.unlearn.change,
            frame.attack.change,
            parts.third.input,
        ],
        guarded(lambda talk, *now: fitting(frame, talk, *now)),
        now,
        [parts.talk, *parts.chats],
        **CHANGE,
    )
    gr.on(
        [frame.edition.select, frame.entity.change],
        lambda: _about(frame),
        None,
        parts.about,
        **CHANGE,
    )
    picture.wire(parts.shown, frame)
    _wire_suggested(parts, frame)
    _wire_columns(parts, frame, tab)


def _blank() -> list[Any]:
    return [[], "", [], [], []]


def _wire_suggested(parts: Parts, frame: Frame) -> None:
    people = frame.people

    def suggest(entity: str, picture: str | None) -> list[Any]:
        card = people.card(entity)
        questions = frame.engine.suggestions(entity, picture is not None) if card else []
        return [gr.Button(value=words, visible=bool(words)) for words in _few(questions)]

    parts.shown.picture.change(
        guarded(suggest), [frame.entity, parts.shown.picture], parts.suggested, **FOLLOW
    )


def columns(frame: Frame, entity: str, unlearned: str, attacked: str) -> list[Any]:
    """Return the note, the third column's checkbox and the third column for these runs.

    A box that a visitor has ticked in the meantime stays ticked.
    """
    text, example = frame.text, frame.examples.shown(unlearned)
    models = sides(frame.engine, unlearned, attacked, True)
    view = look_up(frame.engine, unlearned)
    coming = view is not None and view.state not in ENDED
    missing = text.COMING_UNLEARNED if coming else text.NO_UNLEARNED
    note = "" if unlearned in models else markup.note(missing, "quiet")
    third = bool(attacked) and attacked in models
    if example:
        note = frame.examples.line(example.unlearn, text)
        card = frame.people.card(entity)
        if card and card.id != example.unlearn.entity:
            note += markup.note(text.ASK_ORIGINAL.format(name=card.name), "quiet")
        third = frame.examples.has_third(example)
    note = said_of(frame, unlearned) + note
    if third:
        return [note, gr.update(visible=True), gr.skip()]
    return [note, gr.update(visible=False, value=False), gr.update(visible=False)]


def said_of(frame: Frame, unlearned: str) -> str:
    """Return the verdict on what the changed model answers; "" before a run has been scored."""
    example = frame.examples.shown(unlearned)
    view = example.unlearn if example else look_up(frame.engine, unlearned)
    done = found(view, Done)
    if view is None or done is None:
        return ""
    card = frame.people.card(view.entity)
    words = verdict.answered(done.result, card.name if card else view.entity, frame.text)
    more = markup.folded(frame.text.FIGURES, markup.note(words.more), "quiet") if words.more else ""
    return verdict.shown(words, 4, view.entity) + more


def _wire_columns(parts: Parts, frame: Frame, tab: gr.Tab) -> None:
    # A run's end is no change of its id: the moment and the opened step look again.
    runs = [frame.entity, frame.unlearn, frame.attack]
    gr.on(
        [*(part.change for part in runs), frame.moment.change, tab.select],
        lambda *ids: columns(frame, *ids),
        runs,
        [parts.sides_note, parts.third, parts.chats[2]],
        **CHANGE,
    )
    gr.on(
        [frame.unlearn.change, frame.moment.change],
        lambda run_id: curve_of(frame, run_id),
        frame.unlearn,
        parts.curve,
        **CHANGE,
    )
    parts.third.input(lambda third: gr.update(visible=third), parts.third, parts.chats[2], **CHANGE)
