"""The header above all steps: model, memory, Stop, Reset, Download and Copy link."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from lab.benchmarks.left_out import some
from lab.errors import LabError
from lab.recipe import QUANTIZATIONS, revise
from lab.report.text import Text
from lab.serve.engine import Engine, Status
from lab.ui.context import JS_ONLY, QUICK, QUIET, Frame, guarded, recall, remember
from lab.ui.follow import is_active
from lab.ui.steps import unlearn

TICK_SECONDS = 2
# These are always in the link, so that it says what it does; others only when changed.
ALWAYS = ("steps", "seed")

COPY_JS = """
(query) => {
  const link = location.origin + location.pathname + '?' + query;
  const by_hand = MANUAL + link;
  if (!navigator.clipboard) return by_hand;
  return navigator.clipboard.writeText(link).then(() => COPIED, () => by_hand);
}
"""
# Once read, the recipe leaves the address: a reload must show what is picked now.
FORGET_QUERY_JS = """
() => {
  const url = new URL(location.href);
  for (const key of [...url.searchParams.keys()])
    if (!key.startsWith('__')) url.searchParams.delete(key);
  history.replaceState(history.state, '', url);
}
"""


@dataclass(frozen=True)
class Parts:
    """The controls of the header."""

    facts: gr.HTML
    stop: gr.Button
    reset: gr.Button
    download: gr.Button
    copy: gr.Button
    quantization: gr.Dropdown
    reload: gr.Button
    query: gr.Textbox
    timer: gr.Timer


def layout(engine: Engine, text: Text) -> Parts:
    """Lay out the header."""
    facts = gr.HTML(status_line(engine.status(), text), elem_id="facts")
    with gr.Row(elem_classes="lab-row-buttons"):
        stop = gr.Button(text.STOP, variant="stop", size="sm", min_width=80, elem_id="stop")
        reset = gr.Button(text.RESET, size="sm", min_width=80, elem_id="reset")
        download = gr.Button(text.DOWNLOAD, size="sm", min_width=80, elem_id="download")
        copy = gr.Button(text.COPY_LINK, size="sm", min_width=80, elem_id="copy-link")
    with gr.Accordion(text.CHANGE_QUANTIZATION, open=False), gr.Row(equal_height=True):
        quantization = gr.Dropdown(
            list(QUANTIZATIONS),
            value=engine.preset.quantization,
            label=text.QUANTIZATION,
            info=text.QUANTIZATION_INFO,
            interactive=True,
            scale=3,
            min_width=220,
        )
        reload = gr.Button(text.RELOAD, scale=1, min_width=120, elem_id="reload-model")
    query = gr.Textbox(visible=False, label=text.COPY_LINK)
    return Parts(
        facts, stop, reset, download, copy, quantization, reload, query, gr.Timer(TICK_SECONDS)
    )


def status_line(status: Status, text: Text) -> str:
    """Return the title and what is loaded, as a description list."""
    worker = text.WORKERS.get(status.worker, status.worker)
    if not status.ready and not status.error:
        worker = text.LOADING_WORKER
    if status.waiting:
        worker = text.QUEUE_SUFFIX.format(worker=worker, waiting=status.waiting)
    memory = text.MEMORY_VALUE.format(
        used=status.memory_used_mb / 1024, total=status.memory_total_mb / 1024
    )
    pairs = (
        (text.MODEL, status.model),
        (text.QUANTIZATION, status.quantization),
        (text.DEVICE, status.device),
        (text.MEMORY, memory),
        (text.WORKER, worker),
    )
    facts = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in pairs)
    more = ""
    if status.error:
        more = text.ENGINE_ERROR.format(error=status.error)
    elif not status.ready:
        more = text.LOADING.format(phase=status.phase)
    extra = "".join(
        f'<p class="lab-note">{escape(note)}</p>'
        for note in (more, *_left_out(status, text))
        if note
    )
    return (
        f'<div class="lab-top"><div><h1>{escape(text.TITLE)}</h1><p>{escape(text.SUBTITLE)}</p></div>'
        f'<dl class="lab-facts">{facts}</dl></div>{extra}'
    )


def _left_out(status: Status, text: Text) -> list[str]:
    """What the benchmark lost on reading, a sentence a fact; none where it is whole."""
    left = status.left_out
    if not left.rows:
        return []
    said = [text.LEFT_OUT.format(count=len(left.rows), files=left.by_file, first=left.first)]
    if left.people:
        said.append(text.LOST_PEOPLE.format(count=len(left.people), people=some(left.people)))
    return said + [
        text.LOST_MEMBERS.format(split=split, members=some(members))
        for split, members in left.splits.items()
    ]


def wire(parts: Parts, frame: Frame, recipe: unlearn.Parts, demo: gr.Blocks) -> None:
    """Join the controls; ``recipe`` are step 3's fields, which the link carries."""
    engine, text = frame.engine, frame.text

    def stop(visitor: str, *run_ids: str) -> str:
        # also what was started for somebody else, or before a reset: this browser's runs, all
        started = {view.id for view in engine.under_way(visitor)}
        active = started | {run_id for run_id in run_ids if is_active(engine, run_id)}
        for run_id in active:
            engine.stop(run_id)
        if len(active) > 1:
            return text.STOPPING_MANY.format(count=len(active))
        return text.STOPPING if active else text.NOTHING_RUNS

    def reset(entity: str, history: dict[str, Any], *run_ids: str) -> tuple[Any, ...]:
        for run_id in run_ids:
            if is_active(engine, run_id):
                engine.stop(run_id)
        history = remember(remember(history, entity, "unlearn", ""), entity, "attack", "")
        return "", "", history, text.RESET_DONE

    def change_quantization(name: str) -> str:
        engine.reload(name)
        return text.RELOADING.format(name=name)

    demo.load(lambda: None, None, None, **QUICK).then(
        lambda visitor: visitor or secrets.token_hex(8), frame.visitor, frame.visitor, **QUICK
    )
    parts.timer.tick(lambda: status_line(engine.status(), text), None, parts.facts, **QUICK)
    parts.stop.click(guarded(stop), [frame.visitor, *frame.slots], frame.announce, **QUICK)
    parts.reset.click(
        guarded(reset),
        [frame.entity, frame.history, *frame.slots[1:]],
        [frame.unlearn, frame.attack, frame.history, frame.announce],
        **QUICK,
    )
    parts.reload.click(guarded(change_quantization), parts.quantization, frame.announce, **QUIET)
    _wire_link(parts, frame, recipe, demo)


def _wire_link(parts: Parts, frame: Frame, recipe: unlearn.Parts, demo: gr.Blocks) -> None:
    engine, text = frame.engine, frame.text
    names, controls = list(recipe.fields), list(recipe.fields.values())

    def read_link(entity: str, history: dict[str, Any], request: gr.Request) -> list[Any]:
        query = dict(request.query_params)
        person = query.get("entity", "")
        if person and not frame.people.card(person):
            raise LabError(text.UNKNOWN_PERSON.format(person=person))
        settings = {k: v for k, v in query.items() if k in names}
        wanted = revise(unlearn.recipe_for(engine, unlearn.DEFAULT_STRENGTH), settings)
        values = [getattr(wanted, n) if n in settings else gr.skip() for n in names]
        picked = [person, *recall(history, person)]
        return [*(picked if person and person != entity else [gr.skip()] * 4), *values]

    copy_js = COPY_JS.replace("MANUAL", json.dumps(text.LINK_MANUAL)).replace(
        "COPIED", json.dumps(text.LINK_COPIED)
    )
    parts.copy.click(
        lambda entity, *values: link_query(engine, entity, dict(zip(names, values, strict=True))),
        [frame.entity, *controls],
        parts.query,
        **QUICK,
    ).then(fn=None, inputs=parts.query, outputs=frame.announce, js=copy_js, **JS_ONLY)
    demo.load(lambda: None, None, None, **QUICK).then(
        guarded(read_link),
        [frame.entity, frame.history],
        [frame.entity, *frame.slots, *controls],
        **QUIET,
    ).then(fn=None, js=FORGET_QUERY_JS, **JS_ONLY)


def link_query(engine: Engine, entity: str, values: dict[str, Any]) -> str:
    """Return the recipe as a URL query: what differs from Standard, and steps and seed."""
    base = unlearn.recipe_for(engine, unlearn.DEFAULT_STRENGTH)
    wanted = revise(base, values)
    named = {
        key: getattr(wanted, key)
        for key in values
        if key in ALWAYS or getattr(wanted, key) != getattr(base, key)
    }
    return urlencode(({"entity": entity} if entity else {}) | named)
