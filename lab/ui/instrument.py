"""The instrument of step 2 as a component of the page, and what it is given to draw."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from lab.benchmarks.images import decode
from lab.events import Event
from lab.report import markup
from lab.report.instrument import instrument
from lab.report.maps import overlay
from lab.report.text import Text
from lab.serve.closer import Firing
from lab.serve.views import EntityCard, RunView
from lab.ui.gallery import small, thumbnail

HERE = Path(__file__).parent
FILES = ("instrument_draw.js", "instrument.js", "instrument_page.js")
# The sliders' moves stay in the browser.
SLIDERS_JS = """
(prune, threshold) => {
  window.labSliders = {prune, threshold};
  document.dispatchEvent(new Event('lab-sliders'));
  return [];
}
"""
# Which neuron was picked last, in the place of the second input.
PICKED_JS = "(run, picked) => [run, JSON.stringify(window.labNeuron ?? {})]"
# What is said of a neuron is handed on to the instrument, which shows it beside the portrait.
NEURON_JS = """
const hand = () => document.dispatchEvent(
  new CustomEvent('lab-neuron', {detail: props.value || ''}));
hand();
watch('value', hand);
"""


def component() -> gr.HTML:
    """Make the instrument; it sends ``pick`` for a neuron and ``left`` for the unlearned model."""
    return gr.HTML(
        {},
        html_template='<div class="lab-instrument"></div>',
        css_template=(HERE / "instrument.css").read_text(encoding="utf-8"),
        js_on_load="\n".join((HERE / name).read_text(encoding="utf-8") for name in FILES),
        elem_id="instrument",
    )


def messenger() -> gr.HTML:
    """Make the hidden component that hands what is said of a neuron to the instrument."""
    return gr.HTML("", html_template="<div hidden></div>", js_on_load=NEURON_JS)


def value_of(
    view: RunView,
    card: EntityCard | None,
    sliders: tuple[float, float],
    text: Text,
    after: Sequence[Event] = (),
    other: tuple[str, Sequence[Event]] = ("", ()),
) -> dict[str, Any]:
    """What the instrument draws of a run; {} before there is anything to draw.

    ``after``: the inspection of the model that a run left; ``other``: another person's name and the
    events of their inspection; ``sliders``: share and threshold as they stand.
    """
    drawn = instrument(view.events, after, other[1])
    if not drawn:
        return {}
    portrait = f"data:image/jpeg;base64,{_base64(thumbnail(card.portrait))}" if card else ""
    return drawn | {
        "key": view.id,
        "person": card.name if card else view.entity,
        "portrait": portrait,
        "prune": sliders[0],
        "threshold": sliders[1],
        "after": bool(after),
        "other": other[0],
        "words": text.INSTRUMENT,
    }


def firing_html(found: Firing, card: EntityCard, text: Text) -> str:
    """What one neuron fires for: where in the person's portrait, and the four strongest pictures."""
    shown = small(overlay(card.portrait, found.heat))
    parts = [_figure(shown, text.FIRES_WHERE, text.FIRES_ALT.format(name=card.name))]
    for picture, value in zip(found.pictures, found.values, strict=True):
        name = picture.name or text.FIRES_NOBODY
        line = text.FIRES_TIMES.format(name=name, times=value / max(found.mean, 1e-9))
        parts.append(_figure(small(decode(picture.image)), line, name))
    title = text.FIRES_FOR.format(neuron=found.neuron, layer=found.layer)
    about = text.FIRES_ABOUT.format(n=found.n)
    figures = f'<div class="figures">{"".join(parts)}</div>'
    return f'{markup.heading(title)}<p class="quiet">{escape(about)}</p>{figures}'


def _figure(image: bytes, line: str, alt: str) -> str:
    source = f"data:image/jpeg;base64,{_base64(image)}"
    return (
        f'<figure><img src="{source}" alt="{escape(alt, quote=True)}">'
        f"<figcaption>{escape(line)}</figcaption></figure>"
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
