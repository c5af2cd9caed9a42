"""Step 4, lower half: the fixed questions, judged in words for every model."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.report import markup, verdict
from lab.report.text import Text
from lab.serve.views import ProbeRow
from lab.ui.context import CHANGE, QUICK, Frame, guarded, open_step
from lab.ui.steps import compare
from lab.ui.talk import sides

Table = Callable[[Sequence[ProbeRow], Sequence[str], Text], str]


@dataclass(frozen=True)
class Parts:
    """The controls of this half step that others use."""

    ask: gr.Button
    table: gr.HTML
    about: gr.State
    go: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the table and the way on; an example's table is there from the start."""
    text = frame.text
    with gr.Row():
        ask = gr.Button(text.ASK_FIXED, elem_id="ask-fixed")
        go = gr.Button(text.GO_ATTACK, elem_id="go-attack")
    table = gr.HTML(without_run(frame, "", False), elem_id="probes")
    return Parts(ask, table, gr.State([]), go)


def wire(parts: Parts, frame: Frame, chat: compare.Parts, arrive: gr.Button) -> None:
    """Join the controls; the button ``arrive`` leads here and asks at once."""
    text = frame.text

    def subject(entity: str, unlearned: str, attacked: str, third: bool) -> list[str]:
        return [entity, *sides(frame.engine, unlearned, attacked, third)]

    def ask(
        show: Table, entity: str, unlearned: str, attacked: str, third: bool
    ) -> tuple[Any, ...]:
        if not frame.people.card(entity):
            raise LabError(text.PICK_FIRST)
        about, chosen = (
            subject(entity, unlearned, attacked, third),
            (entity, unlearned, attacked, third),
        )
        if frame.examples.beside(entity, unlearned):
            return chosen, without_run(frame, unlearned, third), []
        names = [text.ORIGINAL, *_names(about[1:], unlearned, text)]
        return chosen, show(frame.engine.probes(about[1:], entity), names, text), about

    def place(answer: tuple[Any, ...], *now: Any) -> Any:
        # The user may have chosen somebody else meanwhile. What only got ready meanwhile, as an
        # attack that ended, is not in the answer, which is shown as it is.
        return answer[1:] if answer and answer[0] == now else [gr.skip()] * 2

    def stale(about: list[str], *now: Any) -> Any:
        # Change events fire when the page is restored, too: only a real change clears.
        if about and about == subject(*now):
            return gr.skip()
        _, unlearned, _, third = now
        return without_run(frame, unlearned, third), []

    memory = [frame.entity, frame.unlearn, frame.attack, chat.third]
    shown, answer = [parts.table, parts.about], gr.State(())
    # Whoever asks sees the whole table; whoever only arrives sees one line that opens it.
    for event, show in ((parts.ask.click, probe_table), (arrive.click, folded_table)):
        event(
            guarded(partial(ask, show)),
            memory,
            answer,
            api_visibility="private",
            concurrency_limit=None,
            show_progress_on=parts.table,
        ).then(place, [answer, *memory], shown, **CHANGE)
    gr.on(
        [frame.entity.change, frame.unlearn.change, frame.attack.change, chat.third.input],
        stale,
        [parts.about, *memory],
        shown,
        **CHANGE,
    )
    parts.go.click(lambda: open_step(5), None, frame.steps, **QUICK)


def without_run(frame: Frame, unlearned: str, third: bool) -> str:
    """Return the example's table where there is no run, else what the questions are for."""
    text, example = frame.text, frame.examples.shown(unlearned)
    if example is None:
        return markup.note(text.FIXED_EMPTY, "quiet")
    names = [text.ORIGINAL, text.UNLEARNED, text.RELEARNED]
    count = len(frame.examples.sides(example, third))
    rows = [
        replace(row, answers=row.answers[:count], verdicts=row.verdicts[:count])
        for row in example.probes
    ]
    return folded_table(rows, names[:count], text)


def folded_table(rows: Sequence[ProbeRow], names: Sequence[str], text: Text) -> str:
    """Return the table behind one line: how many the first two models answered right."""
    judged = [row.verdicts for row in rows if None not in row.verdicts]
    right = [sum(map(bool, verdicts)) for verdicts in zip(*judged, strict=True)]
    before, after = (right[0], right[min(1, len(right) - 1)]) if right else (0, 0)
    head = text.FIXED_TALLY.format(before=before, after=after, judged=len(judged))
    return markup.folded(head, probe_table(rows, names, text))


def _names(models: Sequence[str], unlearned: str, text: Text) -> list[str]:
    return [text.UNLEARNED if m == unlearned else text.RELEARNED for m in models[1:]]


def probe_table(rows: Sequence[ProbeRow], names: Sequence[str], text: Text) -> str:
    """Return the table of fixed questions; a verdict is a sign and a word, never colour alone."""
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in (*text.FIXED_HEAD, *names))
    body = "".join(_row(row, text) for row in rows)
    tally = []
    for side, name in enumerate(names):
        judged = [v for r in rows if (v := r.verdicts[side]) is not None]
        tally.append(text.TALLY.format(side=name, right=sum(judged), judged=len(judged)))
    said = verdict.probed([(row.group, row.verdicts) for row in rows], text)
    table = markup.frame_table(head, body, text.FIXED)
    return markup.verdict(said) + table + markup.note(" · ".join(tally))


def _row(row: ProbeRow, text: Text) -> str:
    cells = [
        escape(text.GROUPS.get(row.group, row.group)),
        _picture(row.image, text),
        escape(row.question),
        escape(row.reference),
    ]
    for answer, right in zip(row.answers, row.verdicts, strict=True):
        kind, word = {
            True: ("right", text.RIGHT),
            False: ("wrong", text.WRONG),
            None: ("", text.NOT_JUDGED),
        }[right]
        cells.append(f'{escape(answer)}<br><span class="{kind}">{word}</span>')
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _picture(image: bytes | None, text: Text) -> str:
    if image is None:
        return text.NOTHING
    data = base64.b64encode(image).decode()
    alt = escape(text.PROBE_PICTURE, quote=True)
    return f'<img src="data:image/jpeg;base64,{data}" alt="{alt}">'
