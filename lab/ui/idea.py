"""What heads a step: its question, its idea with a reason to open, and a prediction to make."""

from __future__ import annotations

from html import escape

import gradio as gr

from lab.report.text import Text
from lab.ui.context import Frame

# A prediction stays in this browser alone: nobody else is told what somebody guessed.
PREDICT_JS = """
const name = element.querySelector('fieldset')?.dataset.name, told = element.querySelector('output');
const show = (value) => {
  element.querySelectorAll('input').forEach((i) => { i.checked = i.value === value; });
  const chosen = element.querySelector('input:checked')?.parentElement?.innerText;
  if (told) told.value = chosen ? told.dataset.words.replace('{guess}', chosen) : '';
};
element.addEventListener('change', (event) => {
  localStorage.setItem(name, event.target.value);
  show(event.target.value);
});
show(localStorage.getItem(name));
"""


def idea(frame: Frame, step: int) -> None:
    """Place the question of a step (1-based), its one sentence of idea, and the reason behind it."""
    text = frame.text
    question, sentence, why = text.IDEAS[step - 1]
    gr.HTML(
        f'<h2 class="lab-question" tabindex="-1">{escape(question)}</h2>'
        f'<details class="lab-idea"><summary>{escape(sentence)} <b>{escape(text.WHY)}</b></summary>'
        f"<p>{escape(why)}</p></details>",
        elem_id=f"idea-{step}",
    )


def prediction(step: int, text: Text) -> None:
    """Place the question that a visitor answers before the result is there; kept in the browser."""
    question, *answers = text.PREDICTIONS[step]
    choices = "".join(
        f'<label><input type="radio" name="predict-{step}" value="{k}">{escape(words)}</label>'
        for k, words in enumerate(answers)
    )
    gr.HTML(
        f'<fieldset class="lab-predict" data-name="lab-predict-{step}"><legend>{escape(question)}'
        f"</legend>{choices}<output data-words="
        f'"{escape(text.PREDICTED, quote=True)}"></output></fieldset>',
        js_on_load=PREDICT_JS,
        elem_id=f"predict-{step}",
    )
