"""A run at one glance: the face, what was switched off, three pairs of figures, two answers."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lab.events import Answers, Event, Importance, last_result
from lab.report import maps, markup, verdict
from lab.report.text import Text

PAIRS = ("forget_vqa", "retain_vqa", "retain_qa")
SPOKEN = ("forget_name", "forget_vqa")  # whose first answer is shown, the first that there is
JPEG = 80


def glance(
    name: str,
    portrait: bytes,
    inspection: Sequence[Event],
    run: Sequence[Event],
    attack: Sequence[Event],
    said: tuple[str, str, str] | None,
    note: str,
    text: Text,
) -> str:
    """Return the glance as HTML, each part where its events are there.

    ``said``: a question with the answers of both models, where there is one that was recorded.
    ``note``: what a reader should know first, such as that this is an example.
    """
    parts = [markup.note(note, "quiet")]
    parts += [_verdict(run, name, text)]
    parts += [_faces(name, portrait, inspection, text), _figures(run, text)]
    parts += [_answers(said or _spoken(run, text), text), _attack(attack, text)]
    return f'<div class="lab-glance">{"".join(parts)}</div>'


def _verdict(run: Sequence[Event], name: str, text: Text) -> str:
    result = last_result(run)
    return verdict.shown(verdict.met(result, name, text), 1, str(result.get("entity", "")))


def _faces(name: str, portrait: bytes, inspection: Sequence[Event], text: Text) -> str:
    """The portrait, and beside it where the neurons that are switched off fire."""
    seen = next((e for e in inspection if isinstance(e, Importance)), None)
    if seen is None:
        return faces(name, portrait, None, "", "", text)
    off, total = sum(int(p.sum()) for p in seen.pruned), sum(map(len, seen.pruned))
    words = text.GLANCE_GLOW.format(name=name), text.GLANCE_OFF.format(off=off, total=total)
    return faces(name, portrait, seen, *words, text)


def faces(
    name: str, portrait: bytes, seen: Importance | None, alt: str, caption: str, text: Text
) -> str:
    """Return the portrait as HTML, and beside it the same one with the heat of ``seen``.

    ``alt``, ``caption``: what is said of the second picture, and below it.
    """
    face = _picture(portrait, text.PORTRAIT_OF.format(name=name), "")
    if seen is None:
        return f'<div class="faces">{face}</div>'
    out = io.BytesIO()
    maps.overlay(portrait, seen.heat).save(out, "JPEG", quality=JPEG)
    return f'<div class="faces">{face}{_picture(out.getvalue(), alt, caption)}</div>'


def _picture(data: bytes, alt: str, caption: str) -> str:
    coded = base64.b64encode(data).decode()
    return (
        f'<figure><img src="data:image/jpeg;base64,{coded}" alt="{escape(alt, quote=True)}">'
        + (f"<figcaption>{escape(caption)}</figcaption>" if caption else "")
        + "</figure>"
    )


def _figures(run: Sequence[Event], text: Text) -> str:
    """Before and after of the person, of others, and of text, each with n and chance."""
    result = last_result(run)
    before, after = result.get("before", {}), result.get("after", {})
    boxes = "".join(
        f"<div><dt>{escape(text.GLANCE_PAIRS[key])}</dt><dd>{markup.percent(before[key], text)} "
        f"→ <strong>{markup.percent(after[key], text)}</strong></dd>"
        f"<dd><small>{escape(_sizes(result, key, text))}</small></dd></div>"
        for key in PAIRS
        if key in before and key in after
    )
    return f'<dl class="figures">{boxes}</dl>' if boxes else ""


def _sizes(result: Mapping[str, Any], key: str, text: Text) -> str:
    level = result.get("chance", {}).get(key)
    sizes = text.GLANCE_N.format(n=result.get("n", {}).get(key, text.UNKNOWN))
    if level is None:
        return sizes
    return text.GLANCE_CHANCE.format(sizes=sizes, chance=level)


def _spoken(run: Sequence[Event], text: Text) -> tuple[str, str, str] | None:
    """The first kept answers of the first measure that asks who this is."""
    for measure in SPOKEN:
        for event in run:
            if isinstance(event, Answers) and event.measure == measure:
                pairs = zip(event.before, event.after, strict=True)
                for before, after in pairs:
                    if before and after:
                        return text.GLANCE_ASKED, before, after
    return None


def _answers(said: tuple[str, str, str] | None, text: Text) -> str:
    if said is None:
        return ""
    question, before, after = map(escape, said)
    return (
        f'<div class="answers"><p>{question}</p>'
        f"<p><b>{escape(text.GLANCE_BEFORE)}</b> {before}</p>"
        f"<p><b>{escape(text.GLANCE_AFTER)}</b> {after}</p></div>"
    )


def _attack(attack: Sequence[Event], text: Text) -> str:
    result = last_result(attack)
    if result.get("before") is None or result.get("after") is None:
        return ""
    words = text.GLANCE_ATTACK.format(
        before=markup.percent(result["before"], text),
        after=markup.percent(result["after"], text),
    )
    for who, control in (result.get("controls") or {}).items():
        words += " " + text.GLANCE_CONTROL[who].format(
            before=markup.percent(control["before"], text),
            after=markup.percent(control["after"], text),
        )
    return f"<p>{escape(words)}</p>"
