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
        chart, table = recorded(frame, "")
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


class Depths:
    """What the half step shows: the test of a person, or the example's while it is shown.

    Answers of the test are kept by what was asked, so that they are there again after a reload.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._kept: dict[tuple[Any, ...], list[Identity]] = {}  # the newest last

    def ask(self, entity: str, unlearned: str, attacked: str) -> None:
        """Test every depth; raises ``LabError`` where nobody is chosen."""
        frame = self._frame
        if not frame.people.card(entity):
            raise LabError(frame.text.PICK_FIRST)
        if frame.examples.beside(entity, unlearned):
            return
        about = self._subject(entity, unlearned, attacked)
        key = self._key(about)
        self._kept.pop(key, None)
        self._kept[key] = frame.engine.identity(about[1:], entity)
        while len(self._kept) > MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))

    def stale(self, about: list[str], entity: str, unlearned: str, attacked: str) -> Any:
        """Clear what is shown of another person or other models."""
        # Change events fire when the page is restored, too: only a real change clears.
        if about and about == self._subject(entity, unlearned, attacked):
            return gr.skip()
        return self.show(entity, unlearned, attacked)

    def show(self, entity: str, unlearned: str, attacked: str) -> Any:
        """Show what is known of who is chosen now: that may be another than was asked about."""
        about = self._answered(self._subject(entity, unlearned, attacked), unlearned)
        # of this person and these models, before a reload
        return self._drawn(about, unlearned, attacked) if about else self._example(unlearned)

    def _answered(self, now: Sequence[str], unlearned: str) -> list[str]:
        """What was asked of who is chosen now, or of as many of the models as were ready then."""
        entity, *models = now
        if self._key(now) in self._kept:
            return [*now]
        before = self._key([entity])
        for kept in reversed([*self._kept]):  # others may ask meanwhile
            asked = kept[len(before) :]
            whole = unlearned in asked or unlearned not in models
            if kept[: len(before)] == before and whole and set(asked) <= set(models):
                return [entity, *asked]
        return []

    def _subject(self, entity: str, unlearned: str, attacked: str) -> list[str]:
        return [entity, *sides(self._frame.engine, unlearned, attacked, True)]

    def _key(self, about: Sequence[str]) -> tuple[Any, ...]:
        engine = self._frame.engine
        return engine.who(), engine.menu.edition, *about

    def _drawn(self, about: list[str], unlearned: str, attacked: str) -> tuple[Any, ...]:
        card = self._frame.people.card(about[0])
        name = card.name if card else about[0]
        answers = self._kept[self._key(about)]
        chart, said = _shown(answers, unlearned, attacked, name, self._frame.text)
        return gr.update(value=chart, visible=True), said, about

    def _example(self, unlearned: str) -> tuple[Any, ...]:
        chart, said = recorded(self._frame, unlearned)
        return gr.update(value=chart, visible=chart is not None), said, []


def recorded(frame: Frame, unlearned: str) -> tuple[Any, str]:
    """The chart and the table of the example that is shown; None and "" for none."""
    example = frame.examples.shown(unlearned)
    if example is None or not example.identity:
        return None, ""
    card = frame.people.card(example.unlearn.entity)
    name = card.name if card else example.unlearn.entity
    return _shown(example.identity, example.unlearn.id, example.attack.id, name, frame.text)


def _shown(
    answers: Sequence[Identity], unlearned: str, attacked: str, name: str, text: Text
) -> tuple[Any, str]:
    names = {
        ORIGINAL: text.ORIGINAL,
        unlearned: text.UNLEARNED,
        attacked: text.RELEARNED,
        CONTROL: text.CONTROL_LINE,
    }
    curves = [(names[c.who], c) for c in answers]
    return identity_chart(curves, text), in_words(curves, name, text) + identity_table(curves, text)


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls of the half step."""
    lost.wire(parts.lost, frame)
    depths = Depths(frame)
    memory = [frame.entity, frame.unlearn, frame.attack]
    shown = [parts.chart, parts.table, parts.about]
    parts.ask.click(
        guarded(depths.ask),
        memory,
        None,
        api_visibility="private",
        concurrency_limit=None,
        show_progress_on=[parts.chart, parts.table],
    ).then(depths.show, memory, shown, **CHANGE)
    gr.on(
        [frame.entity.change, frame.unlearn.change, frame.attack.change],
        depths.stale,
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
