"""Step 5, beside the attack that is shown: all attacks on this run, to open again and to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr

from lab.events import Done
from lab.report import markup, verdict
from lab.report.text import Text
from lab.serve.views import RunView
from lab.ui.context import CHANGE, QUICK, Frame, remember
from lab.ui.follow import found

SEVERAL = 2  # from so many attacks on, the table is open


@dataclass(frozen=True)
class Parts:
    """The list of the other attacks, and the table of all."""

    choice: gr.Radio
    table: gr.HTML


def layout(frame: Frame) -> Parts:
    """Lay out the list and the table; with an example, its attack stands in the table."""
    text = frame.text
    return Parts(
        gr.Radio([], label=text.ATTACKS_MADE, visible=False, elem_id="attacks-made"),
        gr.HTML(attacks_table(_made(frame, ""), text), elem_id="attacks-table"),
    )


def wire(parts: Parts, frame: Frame) -> None:
    """Keep all attacks on the run in reach: a second one does not put the first away."""
    text = frame.text

    def offer(unlearned: str, attacked: str) -> tuple[gr.Radio, str]:
        made = _made(frame, unlearned)
        choices = [(attack_name(v, k, text), v.id) for k, v in enumerate(made, start=1)]
        value = attacked if attacked in {v.id for v in made} else None
        others = [v for v in made if v.id != value]  # the one that is shown is no choice
        seen = bool(unlearned) and bool(others)
        return gr.Radio(choices=choices, value=value, visible=seen), attacks_table(made, text)

    gr.on(
        [frame.unlearn.change, frame.attack.change, frame.moment.change],
        offer,
        [frame.unlearn, frame.attack],
        [parts.choice, parts.table],
        **CHANGE,
    )
    parts.choice.input(
        lambda entity, history, run_id: (run_id, remember(history, entity, "attack", run_id)),
        [frame.entity, frame.history, parts.choice],
        [frame.attack, frame.history],
        **QUICK,
    )


def _made(frame: Frame, unlearned: str) -> Sequence[RunView]:
    """The attacks on a run, oldest first; the example's where there is no run."""
    example = frame.examples.shown(unlearned)
    if example:
        return [example.attack]
    return [v for v in frame.engine.runs() if v.parent == unlearned and v.attack]


def attack_name(view: RunView, number: int, text: Text) -> str:
    """Return what an attack is called in the list: its kind, and what it brought back."""
    assert view.attack is not None
    done, kind = found(view, Done), text.ATTACK_KINDS[view.attack.kind]
    if done is None or done.result.get("after") is None:
        return text.ATTACK_UNDER_WAY.format(number=number, kind=kind)
    figures = {k: markup.percent(done.result[k], text) for k in ("before", "after")}
    return text.ATTACK_MADE.format(number=number, kind=kind, **figures)


def attacks_table(made: Sequence[RunView], text: Text) -> str:
    """Return one row for each attack, open where there are several; "" for none."""
    if not made:
        return ""
    table = markup.table(text.ATTACKS_HEAD, [_row(v, text) for v in made], text.ATTACKS_TABLE)
    return markup.folded(text.ATTACKS_TABLE, table, opened=len(made) >= SEVERAL)


def _row(view: RunView, text: Text) -> Sequence[str]:
    """An attack, its figures beside the controls', and what they show; dashes before its end."""
    assert view.attack is not None
    done, kind = found(view, Done), text.ATTACK_KINDS[view.attack.kind]
    result = done.result if done else {}
    if result.get("after") is None:
        return kind, *[text.NOTHING] * (len(text.ATTACKS_HEAD) - 1)
    controls = [
        text.ATTACK_CONTROL.format(
            control=text.CONTROL_NAMES[who], share=markup.percent(control["after"], text)
        )
        for who, control in (result.get("controls") or {}).items()
    ]
    return (
        kind,
        markup.percent(result["before"], text),
        markup.percent(result["after"], text),
        ", ".join(controls) or text.NOTHING,
        str(result["n"]),
        verdict.attacked(result, "", text).brief or text.NOTHING,
    )
