"""Step 5, lower half: forgotten or only hidden, at every depth: recognition, then patching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.events import Identity
from lab.report import inner_verdict, markup
from lab.report.maps import identity_chart
from lab.report.text import Text
from lab.serve.views import CONTROL, ORIGINAL
from lab.ui.context import CHANGE, Frame, guarded
from lab.ui.steps import lost
from lab.ui.talk import sides

MOST_KEPT = 32  # answers of the test that are shown again after a reload, of all visitors


@dataclass(frozen=True)
class Parts:
    """The controls of this half step."""

    ask: gr.Button
    chart: gr.Plot
    table: gr.HTML
    about: gr.State
    lost: lost.Parts


def layout(frame: Frame) -> Parts:
    """Lay out the question, the chart and its table; an example fills them from the start."""
    text = frame.text
    with gr.Accordion(text.IDENTITY, open=False, elem_id="depth"):
        gr.HTML(markup.note(text.IDENTITY_LEAD, "quiet"))
        ask = gr.Button(text.IDENTITY_ASK, elem_id="ask-identity")
        chart, table = _recorded(frame, "")
        plot = gr.Plot(
            chart,
            label=text.IDENTITY,
            show_label=False,
            visible=chart is not None,
            elem_id="depths",
        )
        said = gr.HTML(table, elem_id="identity")
        patched = lost.layout(frame)
    return Parts(ask, plot, said, gr.State([]), patched)


def _recorded(frame: Frame, unlearned: str) -> tuple[Any, str]:
    """The chart and the table of the example that is shown; None and "" for none."""
    text, example = frame.text, frame.examples.shown(unlearned)
    if example is None or not example.identity:
        return None, ""
    names = {
        ORIGINAL: text.ORIGINAL,
        example.unlearn.id: text.UNLEARNED,
        example.attack.id: text.RELEARNED,
        CONTROL: text.CONTROL_LINE,
    }
    curves = [(names[c.who], c) for c in example.identity]
    card = frame.people.card(example.unlearn.entity)
    said = in_words(curves, card.name if card else example.unlearn.entity, text)
    return identity_chart(curves, text), said + identity_table(curves, text)


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls of the half step."""
    text = frame.text
    lost.wire(parts.lost, frame)

    kept: dict[tuple[Any, ...], list[Identity]] = {}  # by what was asked, the newest last

    def subject(entity: str, unlearned: str, attacked: str) -> list[str]:
        return [entity, *sides(frame.engine, unlearned, attacked, True)]

    def key(about: Sequence[str]) -> tuple[Any, ...]:
        return frame.engine.who(), frame.engine.menu.edition, *about

    def drawn(about: list[str], unlearned: str, attacked: str) -> tuple[Any, ...]:
        names = {
            ORIGINAL: text.ORIGINAL,
            unlearned: text.UNLEARNED,
            attacked: text.RELEARNED,
            CONTROL: text.CONTROL_LINE,
        }
        curves = [(names[c.who], c) for c in kept[key(about)]]
        chart = gr.update(value=identity_chart(curves, text), visible=True)
        card = frame.people.card(about[0])
        said = in_words(curves, card.name if card else about[0], text)
        return chart, said + identity_table(curves, text), about

    def ask(entity: str, unlearned: str, attacked: str) -> tuple[Any, ...]:
        if not frame.people.card(entity):
            raise LabError(text.PICK_FIRST)
        if frame.examples.beside(entity, unlearned):
            chart, table = _recorded(frame, unlearned)
            return gr.update(value=chart, visible=chart is not None), table, []
        about = subject(entity, unlearned, attacked)
        kept.pop(key(about), None)
        kept[key(about)] = frame.engine.identity(about[1:], entity)
        while len(kept) > MOST_KEPT:
            kept.pop(next(iter(kept)))
        return drawn(about, unlearned, attacked)

    def stale(about: list[str], *now: str) -> Any:
        # Change events fire when the page is restored, too: only a real change clears.
        asked = subject(*now)
        if about and about == asked:
            return gr.skip()
        if key(asked) in kept:  # of this person and these models, before a reload
            return drawn(asked, *now[1:])
        chart, table = _recorded(frame, now[1])
        return gr.update(value=chart, visible=chart is not None), table, []

    memory = [frame.entity, frame.unlearn, frame.attack]
    shown = [parts.chart, parts.table, parts.about]
    parts.ask.click(
        guarded(ask),
        memory,
        shown,
        api_visibility="private",
        concurrency_limit=None,
    )
    gr.on(
        [frame.entity.change, frame.unlearn.change, frame.attack.change],
        stale,
        [parts.about, *memory],
        shown,
        **CHANGE,
    )


def in_words(curves: Sequence[tuple[str, Identity]], name: str, text: Text) -> str:
    """Return what the lines say, as one sentence or two above the table."""
    by_name = dict(curves)
    words = inner_verdict.depths(
        by_name[text.ORIGINAL],
        by_name.get(text.UNLEARNED),
        by_name.get(text.CONTROL_LINE),
        name,
        text,
    )
    return markup.verdict(words)


def identity_table(curves: Sequence[tuple[str, Identity]], text: Text) -> str:
    """Return both tests at every depth as a table, with n and chance."""
    head = [text.IDENTITY_DEPTH]
    head += [
        text.IDENTITY_HEAD.format(who=name, test=test)
        for name, _ in curves
        for test in (text.NEAREST, text.LINEAR)
    ]
    rows = [
        [
            depth.name,
            *(
                markup.percent(v, text)
                for _, c in curves
                for v in (c.depths[k].nearest, c.depths[k].linear)
            ),
        ]
        for k, depth in enumerate(curves[0][1].depths)
    ]
    first = curves[0][1]
    sizes = text.IDENTITY_SIZES.format(
        target=first.n_target,
        others=first.n_others,
        nearest=first.chance_nearest,
        linear=first.chance_linear,
    )
    return markup.table(head, rows, text.IDENTITY) + markup.note(sizes, "quiet")
