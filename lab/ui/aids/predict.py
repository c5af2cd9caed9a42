"""What a visitor predicts before a result, kept in the browser and shown beside what came out."""

from __future__ import annotations

from html import escape
from typing import Any

from lab.report.text import Text

CSS = """
.lab-predicted { display: block; font-weight: 400; font-size: 0.95rem; }
.lab-predicted.right { color: var(--lab-good); }
"""

# A prediction is about one person, and stays in this browser alone.
JS = """
(words) => {
  const chosen = () => window.labChosen ?? document.querySelector('.lab-people')?.dataset.chosen ?? '';
  const key = (step, entity) => `lab-predict-${step}-${entity}`;
  const read = (step, entity) => {
    const value = localStorage.getItem(key(step, entity));
    return value === null ? -1 : Number(value);
  };
  const answers = (step) => words.predictions[step - 1].slice(1);
  const fill = () => {
    document.querySelectorAll('.lab-predict[data-step]').forEach((field) => {
      const value = read(field.dataset.step, chosen());
      field.querySelectorAll('input').forEach((i) => { i.checked = Number(i.value) === value; });
    });
    document.querySelectorAll('.lab-verdict[data-step]').forEach((verdict) => {
      const { step, entity, outcome } = verdict.dataset, guess = read(step, entity);
      const said = answers(step)[guess], came = answers(step)[outcome];
      const form = said === undefined ? '' : came === undefined ? words.open
        : said === came ? words.right : words.wrong;
      const line = form.replace('{guess}', said).replace('{answer}', came);
      let beside = verdict.querySelector('.lab-predicted');
      if ((beside?.textContent ?? '') === line) return;
      beside ??= verdict.appendChild(document.createElement('span'));
      beside.className = `lab-predicted${said !== undefined && said === came ? ' right' : ''}`;
      beside.textContent = line;
    });
  };
  document.addEventListener('change', (event) => {
    const field = event.target.closest?.('.lab-predict[data-step]');
    if (!field) return;
    localStorage.setItem(key(field.dataset.step, chosen()), event.target.value);
    fill();
  });
  window.addEventListener('lab-chosen', fill);
  window.lab.predicted = (step, entity) => answers(step)[read(step, entity)] ?? '';
  window.lab.passes.push(fill);
}
"""


def words(text: Text) -> dict[str, Any]:
    """Return what the script needs: the questions with their answers, and three forms of a line."""
    return {
        "predictions": [list(one) for one in text.PREDICTIONS],
        "right": text.PREDICTED_RIGHT,
        "wrong": text.PREDICTED_WRONG,
        "open": text.PREDICTED_OPEN,
    }


def fieldset(step: int, text: Text) -> str:
    """Return the question of a step (from 1) with its three answers as HTML."""
    question, *answers = text.PREDICTIONS[step - 1]
    choices = "".join(
        f'<label><input type="radio" name="predict-{step}" value="{k}">{escape(words)}</label>'
        for k, words in enumerate(answers)
    )
    return (
        f'<fieldset class="lab-predict" data-step="{step}" title="'
        f'{escape(text.PREDICTED, quote=True)}"><legend>{escape(question)}</legend>{choices}</fieldset>'
    )
