"""The script and the style of all aids; the script runs once, after the page's own."""

from __future__ import annotations

import json
from typing import Any

from lab.report.text import Text
from lab.ui.aids import cards, predict, sheet, terms, tour

CSS = (
    terms.CSS
    + predict.CSS
    + cards.CSS
    + tour.CSS
    + sheet.CSS
    + """
.lab-wait { border-left: 4px solid var(--color-accent); padding: 2px 12px; margin: 6px 0; }
.lab-wait progress { width: 120px; height: 8px; vertical-align: middle; margin-right: 8px;
  appearance: none; border: 1px solid var(--border-color-primary); border-radius: 4px;
  background: var(--background-fill-secondary); overflow: hidden; }
.lab-wait progress::-webkit-progress-bar { background: var(--background-fill-secondary); }
.lab-wait progress::-webkit-progress-value { background: var(--color-accent); }
.lab-wait progress::-moz-progress-bar { background: var(--color-accent); }
"""
)

# One look at the page after it has changed: each aid adds what is missing and changes nothing else.
START = """
  window.lab.passes = [];
  let due = 0;
  window.lab.look = () => { clearTimeout(due); due = 0; window.lab.passes.forEach((p) => p()); };
  const soon = () => { due ||= setTimeout(window.lab.look, 150); };
"""
WATCH = """
  const watch = (tries) => {
    const steps = document.querySelector('#steps'), panel = document.querySelector('#panel');
    if (!steps || !panel) return tries && setTimeout(() => watch(tries - 1), 50);
    const watched = { childList: true, subtree: true, attributes: true };
    const observer = new MutationObserver(soon);
    observer.observe(steps, { ...watched, attributeFilter: ['open', 'aria-selected'] });
    observer.observe(panel, { ...watched, attributeFilter: ['class'] });
    window.lab.look();
  };
  watch(400);
"""


def with_aids(page: str, text: Text) -> str:
    """Return the page's script followed by the aids'."""
    parts: tuple[tuple[str, Any], ...] = (
        (predict.JS, predict.words(text)),
        (cards.JS, cards.words(text)),
        (sheet.JS, {}),
        (tour.JS, tour.words(text)),
        (terms.JS, terms.words(text)),
    )
    calls = "".join(f"({script.strip()})({json.dumps(words)});" for script, words in parts)
    return f"() => {{ ({page.strip()})(); {START}{calls}{WATCH} }}"
