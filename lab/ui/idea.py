"""What heads a step: its question, its idea with a reason to open, a lesson's card, a prediction."""

from __future__ import annotations

from html import escape

import gradio as gr

from lab.ui.aids.predict import fieldset
from lab.ui.context import Frame


def idea(frame: Frame, step: int) -> None:
    """Place what heads a step (from 1); a lesson that is chosen fills its card in the browser."""
    text = frame.text
    question, sentence, why = text.IDEAS[step - 1]
    gr.HTML(
        f'<h2 class="lab-question" tabindex="-1">{escape(question)}</h2>'
        f'<div class="lab-idea"><p>{escape(sentence)}</p><details><summary>{escape(text.WHY)}'
        f"</summary><p>{escape(why)}</p></details></div>"
        f'<div class="lab-lesson" data-step="{step}"></div>',
        elem_id=f"idea-{step}",
    )
    gr.HTML(fieldset(step, text), elem_id=f"predict-{step}")
