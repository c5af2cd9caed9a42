"""A lesson's cards in the heads of the steps, drawn in the browser, where the answers stay, too."""

from __future__ import annotations

from typing import Any

from lab.recipe.lesson import PERSON, Lesson
from lab.report.text import Text

CSS = """
.lab-lesson:empty { display: none; }
.lab-lesson { margin: 6px 0; padding: 8px 12px; border-radius: 8px; max-width: 100ch;
  border: 1px solid var(--border-color-primary); border-left: 4px solid var(--color-accent); }
.lab-lesson h3 { margin: 0 0 2px !important; font-size: 0.95rem; display: inline; }
.lab-lesson > p { margin: 2px 0; }
.lab-lesson fieldset { border: 0; margin: 6px 0 0; padding: 0; }
.lab-lesson legend { font-weight: 600; padding: 0; }
.lab-lesson label { display: inline-flex; gap: 6px; align-items: center; margin: 2px 14px 2px 0;
  min-height: 28px; }
.lab-lesson input { appearance: auto; width: 15px; height: 15px; margin: 0;
  accent-color: var(--color-accent); }
.lab-lesson output { display: block; font-weight: 600; }
.lab-lesson { position: relative; }
.lab-lesson .leave { position: absolute; top: 6px; right: 10px; padding: 2px 4px; border: 0;
  font-size: 0.85rem !important; font-weight: 400 !important; text-decoration: underline;
  background: none; color: var(--link-text-color); cursor: pointer; }
.lab-lesson h3 { padding-right: 9em; }
.lab-people button:disabled { opacity: 0.45; cursor: not-allowed; }
#lesson-cards { display: none !important; }
"""

JS = """
(words) => {
  const answerKey = (name, step, k) => `lab-lesson-${name}-${step}-${k}`;
  const make = (tag, parent, text) => {
    const node = parent.appendChild(document.createElement(tag));
    if (text !== undefined) node.textContent = text;
    return node;
  };
  let lesson = null;
  const judge = (output, question, value) => {
    if (value === null) { output.value = ''; return; }
    const right = Number(value) === question.answer;
    const wrong = words.wrong.replace('{answer}', question.choices[question.answer]);
    output.value = `${right ? words.right : wrong} ${question.because}`;
  };
  const ask = (card, part, question, k) => {
    const field = make('fieldset', card), key = answerKey(lesson.name, part.step, k);
    make('legend', field, question.ask);
    question.choices.forEach((choice, value) => {
      const label = make('label', field), input = make('input', label);
      input.type = 'radio';
      input.name = key;
      input.value = value;
      input.checked = localStorage.getItem(key) === String(value);
      make('span', label, choice);
    });
    const output = make('output', field);
    field.addEventListener('change', (event) => {
      localStorage.setItem(key, event.target.value);
      judge(output, question, event.target.value);
    });
    judge(output, question, localStorage.getItem(key));
  };
  const draw = (card) => {
    const part = lesson?.parts.find((one) => String(one.step) === card.dataset.step);
    card.replaceChildren();
    card.dataset.shown = lesson?.name ?? '';
    if (!part) return;
    const leave = make('button', card, words.leave);
    leave.type = 'button';
    leave.className = 'leave';
    leave.addEventListener('click', () => window.lab.leaveLesson?.());
    make('h3', card, words.head.replace('{title}', lesson.title));
    make('p', card, part.text);
    part.questions.forEach((question, k) => ask(card, part, question, k));
  };
  window.lab.lesson = (now) => { lesson = now?.name ? now : null; window.lab.look(); };
  window.lab.lessonAnswer = (step, k) => {
    const part = lesson?.parts.find((one) => one.step === step);
    const value = lesson && localStorage.getItem(answerKey(lesson.name, step, k));
    return value === null || !part ? '' : part.questions[k].choices[Number(value)];
  };
  window.lab.lessonRight = (step, k) => {
    const question = lesson?.parts.find((one) => one.step === step)?.questions[k];
    return question && window.lab.lessonAnswer(step, k) ? question.choices[question.answer] : '';
  };
  window.lab.passes.push(() => {
    document.querySelectorAll('.lab-lesson').forEach((card) => {
      if (card.dataset.shown !== (lesson?.name ?? '')) draw(card);
    });
    const kept = lesson?.locked ? lesson.person : '';
    document.querySelectorAll('.lab-people button[data-id]').forEach((button) => {
      button.disabled = Boolean(kept) && button.dataset.id !== kept;
    });
  });
}
"""
# A component without a look: what the server says of the lesson reaches the page through it.
CARDS_JS = """
const say = (tries) => {
  if (!window.lab?.lesson) return tries && setTimeout(() => say(tries - 1), 50);
  window.lab.leaveLesson = () => trigger('select', {});
  window.lab.lesson(props.value);
};
say(400); watch('value', () => say(400));
"""


def words(text: Text) -> dict[str, Any]:
    """Return the words of every card."""
    return {
        "head": text.LESSON_HEAD,
        "leave": text.LESSON_LEAVE,
        "right": text.LESSON_RIGHT,
        "wrong": text.LESSON_WRONG,
    }


def card_value(lesson: Lesson | None, person: str) -> dict[str, Any]:
    """Return what the browser draws of a lesson; ``person``: who is chosen, "" where they are gone."""
    if lesson is None:
        return {"name": ""}
    return {
        "name": lesson.name,
        "title": lesson.title,
        "person": person,
        "locked": PERSON in lesson.locked,
        "parts": [
            {
                "step": part.step,
                "text": part.text,
                "questions": [
                    {
                        "ask": q.ask,
                        "choices": list(q.choices),
                        "answer": q.answer,
                        "because": q.because,
                    }
                    for q in part.questions
                ],
            }
            for part in lesson.parts
        ],
    }
