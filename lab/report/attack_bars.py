"""Grouped bars in plain HTML: a group for each change, a bar for each model, the chance line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from lab.catalogue import CONTROLS
from lab.events import Bar, Event
from lab.report import markup
from lab.report.text import Text

MODELS = ("original", "unlearned", *CONTROLS)  # the order of the bars


def attack_bars(events: Sequence[Event], text: Text) -> str:
    """Return the bars of an attack that does not train, and their numbers as a table."""
    bars = [e for e in events if isinstance(e, Bar)]
    if not bars:
        return ""
    parts = [_panel(text.FORGET_BARS, [(b, b.forget, b.n) for b in bars], bars[0].chance, text)]
    others = [(b, b.retain, b.n_retain) for b in bars if math.isfinite(b.retain)]
    if others:
        parts.append(_panel(text.RETAIN_BARS, others, others[0][0].chance_retain, text))
    return f'<div class="lab-bars">{"".join(parts)}{_table(bars, bool(others), text)}</div>'


def _panel(title: str, values: Sequence[tuple[Bar, float, int]], level: float, text: Text) -> str:
    """One figure: (bar, share, n) in the order they came, grouped by change."""
    sizes = sorted({n for _, _, n in values})
    n = " – ".join(dict.fromkeys((str(sizes[0]), str(sizes[-1]))))
    about = text.BARS_SIZES.format(n=n, chance=level)
    groups = "".join(
        f"<section><h3>{escape(change_name(name, text))}</h3>"
        + "".join(
            _bar(who, share, text)
            for who in MODELS
            for bar, share, _ in values
            if (bar.name, bar.who) == (name, who)
        )
        + "</section>"
        for name in dict.fromkeys(b.name for b, _, _ in values)
    )
    return (
        f'<figure style="--chance:{100 * level:.1f}%"><figcaption>{escape(title)} '
        f"<small>{escape(about)}</small></figcaption>{groups}</figure>"
    )


def _bar(who: str, value: float, text: Text) -> str:
    return (
        f'<div class="{who}"><span class="who">{escape(text.MODEL_NAMES[who])}</span><span class="track">'
        f'<span class="fill" style="width:{100 * value:.1f}%"></span></span>'
        f'<span class="value">{markup.percent(value, text)}</span></div>'
    )


def _table(bars: Sequence[Bar], others: bool, text: Text) -> str:
    rows = [
        (
            change_name(b.name, text),
            text.MODEL_NAMES[b.who],
            markup.percent(b.forget, text),
            str(b.n),
            *((markup.percent(b.retain, text), str(b.n_retain)) if others else ()),
        )
        for b in bars
    ]
    head = text.BARS_HEAD if others else text.BARS_HEAD[:4]
    return (
        f"<details><summary>{escape(text.SHOW_TABLE)}</summary>"
        f"{markup.table(head, rows, text.FORGET_BARS)}</details>"
    )


def change_name(name: str, text: Text) -> str:
    """Return the words for a change of an attack."""
    return text.CHANGES.get(name, name)


BARS_CSS = """
.lab-bars figure { margin: 0 0 14px; }
.lab-bars figcaption { font-weight: 600; font-size: 0.85rem; margin-bottom: 6px; }
.lab-bars small { font-weight: 400; color: var(--body-text-color-subdued); font-size: 0.85rem; }
.lab-bars section { display: grid; grid-template-columns: 11rem 1fr; gap: 0 12px; padding: 5px 0;
  border-top: 1px solid var(--border-color-primary); }
.lab-bars h3 { grid-row: 1 / span 4; margin: 0; font-size: 0.875rem; font-weight: 600;
  align-self: center; }
.lab-bars section > div { grid-column: 2; display: grid; align-items: center; gap: 8px;
  grid-template-columns: 5.5rem 1fr 3.8rem; font-size: 0.8rem; line-height: 1.35; }
.lab-bars .track { position: relative; height: 11px;
  background: var(--background-fill-secondary); }
.lab-bars .fill { position: absolute; inset: 0 auto 0 0; border-radius: 0 2px 2px 0; }
.lab-bars .track::after { content: ""; position: absolute; top: -4px; bottom: -4px;
  left: var(--chance); border-left: 2px dotted var(--body-text-color); }
.lab-bars .original .fill { background: var(--lab-line-2); }
.lab-bars .unlearned .fill { background: var(--lab-line-0); }
.lab-bars .never_knew .fill { background: repeating-linear-gradient(45deg, var(--lab-line-1) 0 4px,
  transparent 4px 7px); outline: 1px solid var(--lab-line-1); outline-offset: -1px; }
.lab-bars .text_only .fill { background: repeating-linear-gradient(-45deg, var(--lab-line-1) 0 2px,
  transparent 2px 5px); outline: 1px solid var(--lab-line-1); outline-offset: -1px; }
.lab-bars .value { text-align: right; font-variant-numeric: tabular-nums; }
.lab-bars details { font-size: 0.85rem; }
@media (max-width: 700px) {
  .lab-bars section { grid-template-columns: 1fr; }
  .lab-bars h3 { grid-row: auto; }
  .lab-bars section > div { grid-column: 1; grid-template-columns: 5rem 1fr 3.6rem; }
}
"""
