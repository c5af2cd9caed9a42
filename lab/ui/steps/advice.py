"""Step 4, folded: which failure signature the run shows, and two settings to try in step 3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.events import Done
from lab.recipe import revise
from lab.report import diagnosis, markup
from lab.report.diagnosis import CHANGES, Diagnosis
from lab.serve.views import RunView
from lab.ui import locks
from lab.ui.context import CHANGE, QUIET, Frame, guarded, open_step
from lab.ui.follow import found, look_up


@dataclass(frozen=True)
class Parts:
    """The controls of this part."""

    fold: gr.Accordion
    line: gr.HTML
    tries: list[gr.Button]


def layout(frame: Frame) -> Parts:
    """Lay out the line and its buttons folded; nothing is seen before a run has been scored."""
    line, *buttons = shown(frame, "", "")
    title = frame.text.DIAGNOSIS_TITLE
    with gr.Accordion(title, open=False, visible=bool(line), elem_id="advice") as fold:
        said = gr.HTML(line, elem_id="diagnosis")
        with gr.Row(elem_classes="lab-row-buttons"):
            tries = [
                gr.Button(w, visible=bool(w), size="sm", min_width=160, elem_id=f"next-{k + 1}")
                for k, w in enumerate(buttons)
            ]
    return Parts(fold, said, tries)


def wire(
    parts: Parts, frame: Frame, settings: dict[str, gr.components.Component], tab: gr.Tab
) -> None:
    """Join the controls; ``settings`` are step 3's, ``tab`` opens step 4."""
    text, names = frame.text, list(settings)

    def show(unlearned: str, attacked: str) -> list[Any]:
        line, *buttons = shown(frame, unlearned, attacked)
        tries = (gr.Button(words, visible=bool(words)) for words in buttons)
        return [gr.Accordion(visible=bool(line)), line, *tries]

    def trying(place: int) -> Callable[..., list[Any]]:
        def change(unlearned: str, attacked: str, *held: Any) -> list[Any]:
            view, made = _of(frame, unlearned, attacked)
            if view is None or made is None or place >= len(made.changes):
                raise LabError(text.GONE)
            key, value = made.changes[place]
            recipe = revise(view.recipe, {key: value})
            words = diagnosis.setting(key, value, view.recipe, text)
            locked_here = locks.of_tab(*held)
            locked = locks.held(frame, locked_here, key)
            said = text.DIAGNOSIS_LOCKED if locked else text.DIAGNOSIS_TRIED
            free = locks.free(frame, asdict(recipe), locked_here, names)
            return [*free, said.format(**words), open_step(3)]

        return change

    runs = [frame.unlearn, frame.attack]
    gr.on(
        [*(run.change for run in runs), frame.moment.change, tab.select],
        show,
        runs,
        [parts.fold, parts.line, *parts.tries],
        **CHANGE,
    )
    for place, button in enumerate(parts.tries):
        button.click(
            guarded(trying(place)),
            [*runs, *locks.inputs(frame)],
            [*settings.values(), frame.announce, frame.steps],
            **QUIET,
        )


def shown(frame: Frame, unlearned: str, attacked: str) -> list[str]:
    """Return the line as HTML and the words of every button, each "" where there is none."""
    text = frame.text
    view, made = _of(frame, unlearned, attacked)
    if view is None or made is None:
        return [""] * (1 + CHANGES)
    about = markup.note(text.DIAGNOSIS_ABOUT, "quiet")
    line = markup.note(diagnosis.in_words(made, text), "" if made.signature else "quiet")
    words = [diagnosis.change_in_words(k, v, view.recipe, text) for k, v in made.changes]
    return [line + (about if words else ""), *words, *[""] * (CHANGES - len(words))]


def _of(frame: Frame, unlearned: str, attacked: str) -> tuple[RunView | None, Diagnosis | None]:
    """The run that is shown, and what it shows, with the attack on it where there is one."""
    view = look_up(frame.engine, frame.examples.stand_in("unlearn", unlearned))
    done = found(view, Done)
    if view is None or done is None:
        return None, None
    attack = look_up(frame.engine, frame.examples.stand_in("attack", attacked))
    ended = found(attack, Done) if attack and attack.parent == view.id else None
    attacks = [ended.result] if ended else []
    return view, diagnosis.diagnosed(done.result, view.recipe, attacks)
