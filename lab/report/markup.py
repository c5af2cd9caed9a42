"""Small pieces of HTML: tables, notes and key-value lines, everything escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from lab.events import Saliency
from lab.report.text import Text

MOST_IN_LINE = 24  # characters of a table's cell that stays on one line


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """Return an accessible table; every cell is escaped."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join("<tr>" + "".join(_cell(str(cell)) for cell in row) + "</tr>" for row in rows)
    return frame_table(top, body, caption)


def _cell(words: str) -> str:
    """A cell of a table; one of many words is named so, for it alone may wrap."""
    kind = ' class="long"' if len(words) > MOST_IN_LINE else ""
    return f"<td{kind}>{escape(words)}</td>"


def frame_table(top: str, body: str, caption: str) -> str:
    """Wrap ready-made table rows; the wrapper scrolls sideways on narrow screens.

    The caption does not: it stays and wraps within what is seen.
    """
    label = escape(caption, quote=True)
    return (
        f'<div class="lab-table" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{top}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def note(line: str, kind: str = "") -> str:
    """Return one escaped paragraph."""
    return f'<p class="lab-note {kind}">{escape(line)}</p>' if line else ""


def folded(summary: str, inside: str, kind: str = "", opened: bool = False) -> str:
    """Return ready HTML behind one line that opens it, or that closes it where it is open."""
    attributes = f'class="lab-fold {kind}"{" open" * opened}'
    return f"<details {attributes}><summary>{escape(summary)}</summary>{inside}</details>"


def sentence(words: str) -> str:
    """Return a note as a sentence: with a capital and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."


def line(words: str) -> str:
    """Return the line that says how a run goes."""
    return f'<p class="lab-line">{escape(words)}</p>' if words else ""


def verdict(words: str) -> str:
    """Return the one sentence that stands above a table or chart."""
    return f'<p class="lab-verdict">{escape(words)}</p>' if words else ""


def heading(words: str) -> str:
    """Return an escaped heading for a picture."""
    return f'<h2 class="lab-heading">{escape(words)}</h2>'


def duration(seconds: float, text: Text) -> str:
    """Return a duration in seconds, or minutes and seconds."""
    if seconds < 90:
        return text.SECONDS.format(seconds=seconds)
    minutes, rest = divmod(round(seconds), 60)
    return text.MINUTES.format(minutes=minutes, seconds=rest)


def percent(value: float | None, text: Text) -> str:
    """Return a share in percent with one decimal, or a question mark if there is none."""
    if value is None or value != value:
        return text.UNKNOWN
    return str(text.SHARE.format(share=value))


def stability(saliency: Saliency, text: Text) -> str:
    """In one sentence how far the mask can be trusted; that this is unknown, of a single sample."""
    if math.isnan(saliency.overlap):
        return text.STABILITY_UNKNOWN
    sure = saliency.overlap > 1.5 * saliency.overlap_chance
    return text.STABILITY.format(
        overlap=saliency.overlap,
        chance=saliency.overlap_chance,
        density=saliency.mask_density,
        verdict=text.STABLE if sure else text.SHAKY,
    )


def shown(value: Any, text: Text, form: str = "", times: int = 1) -> str:
    """Return a number multiplied by ``times`` in the format ``form``; anything else as escaped text.

    A number has the marks of the language, as in 12,5.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return text.number(times * value, form)
        except (OverflowError, ValueError):  # larger than any number of the lab's
            return "?"
    return escape(str(value))


def filled(words: str, **values: str) -> str:
    """Return the words as HTML, with ``values``, which must be HTML already, in their places."""
    return escape(words).format(**values)


def heads(words: Sequence[str]) -> str:
    """Return the head of a report's table."""
    return "<tr>" + "".join(f"<th>{escape(word)}</th>" for word in words) + "</tr>"
