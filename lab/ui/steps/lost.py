"""Step 5, in the depth panel: where the answers are lost, by patching, and how far the weights moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.events import Done, Phase
from lab.events.where import Where, where_of
from lab.report import lost, lost_charts, markup
from lab.report.text import Text
from lab.ui.context import CHANGE, QUIET, Frame, guarded
from lab.ui.follow import found, look_up


@dataclass(frozen=True)
class Parts:
    """The controls of this part."""

    ask: gr.Button
    said: gr.HTML
    depths: gr.Plot
    line: gr.Plot
    table: gr.HTML


def layout(frame: Frame) -> Parts:
    """Lay out the question, both plots and the tables; an example fills them where it has them."""
    text = frame.text
    gr.HTML(markup.heading(text.LOST) + markup.note(text.LOST_LEAD, "quiet"))
    ask = gr.Button(text.LOST_ASK, elem_id="ask-lost")
    words, depths, line, table = _kept(frame, "")
    plot = {"label": text.LOST, "show_label": False}
    return Parts(
        ask,
        gr.HTML(words, elem_id="lost"),
        gr.Plot(depths, visible=depths is not None, elem_id="lost-depths", **plot),
        gr.Plot(line, visible=line is not None, elem_id="lost-line", **plot),
        gr.HTML(table, elem_id="lost-table"),
    )


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls of this part."""
    text = frame.text
    shown = [parts.said, parts.depths, parts.line, parts.table]

    def ask(unlearned: str) -> Iterator[tuple[Any, ...]]:
        run_id = frame.examples.stand_in("unlearn", unlearned)
        if look_up(frame.engine, run_id) is None:
            raise LabError(text.LOST_NO_RUN)
        try:
            for part in frame.engine.inside.where(run_id):
                if isinstance(part, Phase):
                    words = text.LOST_ASKING.format(done=part.done, total=part.total)
                    yield markup.line(words), gr.skip(), gr.skip(), gr.skip(), run_id
                else:
                    yield *_updates(drawn(part, _name(frame, run_id), text)), run_id
        except Exception:
            yield "", gr.skip(), gr.skip(), gr.skip(), ""  # the line of what is asked goes with it
            raise

    def kept(asked: str, unlearned: str) -> tuple[Any, ...]:
        words, *drawing = _kept(frame, unlearned)
        # A failed run keeps no answer, so what came stays on the page.
        here = frame.examples.stand_in("unlearn", unlearned)
        if not words and asked and asked == here:
            return tuple(gr.skip() for _ in answered)
        return *_updates((words, *drawing)), ""

    asked = gr.State("")  # about which run
    answered = [*shown, asked]
    # then: the user may have chosen somebody else in the meantime
    parts.ask.click(guarded(ask), frame.unlearn, answered, **QUIET).then(
        kept, [asked, frame.unlearn], answered, **CHANGE
    )
    gr.on(
        [frame.unlearn.change, frame.moment.change],
        kept,
        [asked, frame.unlearn],
        answered,
        **CHANGE,
    )


def drawn(measured: Where, name: str, text: Text) -> tuple[str, Any, Any, str]:
    """Return the words, both plots and the tables of what was measured."""
    words = " ".join(lost.said(measured, name, text))
    line = lost.measured(measured, name, text)
    head, rows = lost.rows(measured, text)
    layers = [[layer, text.LINE_SHARE.format(share=far)] for layer, far in measured.distance.layers]
    tables = (
        markup.table(head, rows, text.LOST)
        + markup.note(lost.sizes(measured, text), "quiet")
        + "".join(markup.note(part, "quiet") for part in line)
        + (markup.table(text.LINE_LAYERS, layers, text.LINE) if layers else "")
    )
    return (
        markup.verdict(words),
        lost_charts.patching_chart(measured, text),
        lost_charts.line_chart(measured.line, text),
        tables,
    )


def _kept(frame: Frame, unlearned: str) -> tuple[str, Any, Any, str]:
    """What the result of the shown run holds; nothing where it was not asked."""
    run_id = frame.examples.stand_in("unlearn", unlearned)
    done = found(look_up(frame.engine, run_id), Done)
    measured = where_of(done.result) if done else None
    if measured is None:
        return "", None, None, ""
    return drawn(measured, _name(frame, run_id), frame.text)


def _updates(parts: tuple[str, Any, Any, str]) -> tuple[Any, ...]:
    words, depths, line, table = parts
    plots = [gr.update(value=plot, visible=plot is not None) for plot in (depths, line)]
    return words, *plots, table


def _name(frame: Frame, run_id: str) -> str:
    view = look_up(frame.engine, run_id)
    card = frame.people.card(view.entity) if view else None
    return card.name if card else view.entity if view else ""
