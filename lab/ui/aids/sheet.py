"""One page to print: what was predicted, what happened, and the best run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lab.recipe.lesson import Lesson
from lab.report import verdict
from lab.report.markup import percent
from lab.report.text import Text

CSS = """
.lab-sheet table { border-collapse: collapse; width: 100%; margin: 8px 0; }
.lab-sheet th, .lab-sheet td { text-align: left; vertical-align: top; padding: 5px 8px;
  border: 1px solid var(--border-color-primary); }
.lab-sheet h3 { margin: 6px 0 !important; font-size: 1.1rem; }
.lab-sheet .lines { height: 5.5em; border-bottom: 1px solid; margin-top: 4px; }
.lab-sheet .name, .lab-sheet .lines, .lab-sheet .take { display: none; }
@media print {
  .lab-aside, .lab-sheet summary { display: none !important; }
  .lab-sheet .name, .lab-sheet .lines, .lab-sheet .take { display: block; }
  .lab-sheet table { font-size: 10pt; break-inside: avoid; }
}
"""

# The predictions and the answers are in this browser alone, so they are filled in here.
JS = """
() => {
  const put = (cell, words) => { if (cell.textContent !== words) cell.textContent = words; };
  window.lab.passes.push(() => {
    document.querySelectorAll('.lab-sheet [data-predicted]').forEach((cell) =>
      put(cell, window.lab.predicted(Number(cell.dataset.predicted), cell.dataset.entity) || '–'));
    document.querySelectorAll('.lab-sheet [data-asked]').forEach((cell) => {
      const [step, k] = cell.dataset.asked.split('-').map(Number);
      put(cell, window.lab.lessonAnswer(step, k) || '–');
      put(cell.nextElementSibling, window.lab.lessonRight(step, k) || '–');
    });
  });
  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('.lab-print')) return;
    window.lab.sheetAlone();
    window.print();
  });
  // All beside the sheet, and beside whatever holds it, stays off the paper.
  window.lab.sheetAlone = () => {
    for (let at = document.querySelector('.lab-sheet'); at !== document.body; at = at.parentElement)
      for (const other of at.parentElement.children) if (other !== at) other.classList.add('lab-aside');
  };
  // A chart is as wide as the window: for the paper its picture is made to shrink with the page.
  const charts = () => document.querySelectorAll('.js-plotly-plot svg.main-svg');
  window.addEventListener('beforeprint', () => charts().forEach((svg) => {
    svg.setAttribute('viewBox', `0 0 ${svg.getAttribute('width')} ${svg.getAttribute('height')}`);
    svg.style.maxWidth = '100%';
  }));
  window.addEventListener('afterprint', () => {
    document.querySelectorAll('.lab-aside').forEach((at) => at.classList.remove('lab-aside'));
    charts().forEach((svg) => { svg.removeAttribute('viewBox'); svg.style.maxWidth = ''; });
  });
}
"""


def sheet(
    name: str,
    entity: str,
    date: str,
    happened: Sequence[str],
    best: Mapping[str, Any] | None,
    lesson: Lesson | None,
    text: Text,
) -> str:
    """Return the sheet behind one line that opens it.

    ``happened``: what came out at each step, "" where there is no result. ``best``: the result of
    the best run of this browser.
    """
    title = text.SHEET_TITLE.format(title=lesson.title if lesson else text.SHEET_PLAIN)
    about = text.SHEET_ABOUT.format(name=name, date=date)
    rows = "".join(
        f"<tr><td>{escape(step)}</td><td data-predicted='{k}' data-entity="
        f'"{escape(entity, quote=True)}"></td><td>{escape(said or text.SHEET_EMPTY)}</td></tr>'
        for k, (step, said) in enumerate(zip(text.STEPS, happened, strict=True), start=1)
    )
    return (
        f'<details class="lab-sheet"><summary>{escape(text.SHEET)}</summary>'
        f"<h3>{escape(title)}</h3><p>{escape(about)}</p>"
        f'<p class="name">{escape(text.SHEET_NAME)}</p>'
        f"<table><thead>{_head(text.SHEET_HEAD)}</thead><tbody>{rows}</tbody></table>"
        f"{_asked(lesson, text)}<p>{escape(_best(best, text))}</p>"
        f'<p class="take">{escape(text.SHEET_NOTES)}</p><div class="lines"></div>'
        f'<button type="button" class="lab-print">{escape(text.SHEET_PRINT)}</button></details>'
    )


def _head(words: Sequence[str]) -> str:
    return "<tr>" + "".join(f'<th scope="col">{escape(word)}</th>' for word in words) + "</tr>"


def _asked(lesson: Lesson | None, text: Text) -> str:
    rows = "".join(
        f"<tr><td>{escape(question.ask)}</td><td data-asked='{part.step}-{k}'></td><td></td></tr>"
        for part in (lesson.parts if lesson else ())
        for k, question in enumerate(part.questions)
    )
    if not rows:
        return ""
    return f"<table><thead>{_head(text.SHEET_ASKED_HEAD)}</thead><tbody>{rows}</tbody></table>"


def _best(best: Mapping[str, Any] | None, text: Text) -> str:
    if best is None:
        return str(text.SHEET_NO_RUN)
    return str(
        text.SHEET_BEST.format(
            method=best["method"],
            seed=best["seed"],
            forget=percent(best["after"]["forget_vqa"], text),
            retain=percent(best["after"]["retain_vqa"], text),
        )
    )


def best_of(results: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the result with the best balance of forgetting and keeping; None without any."""
    scored = [
        r
        for r in results
        if {"forget_vqa", "retain_vqa"} <= r.get("after", {}).keys() and "method" in r
    ]
    return max(scored, key=verdict.balance, default=None)
