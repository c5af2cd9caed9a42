"""What all steps share: the engine, the browser's memory, the status line and error messages."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from html import escape
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.recipe import AttackRecipe, Recipe
from lab.report.text import Text
from lab.serve.engine import Engine
from lab.ui.follow import Tails
from lab.ui.gallery import People

# Only run ids lie in the browser: the secret keeps them readable after a restart, no more.
STORE = {"secret": "mllm-unlearning-lab"}
SLOTS = ("inspect", "unlearn", "attack")
WARNING_SECONDS = 20

QUIET = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
QUICK = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
JS_ONLY = {"api_visibility": "private", "queue": False}
# Gradio 6.31 answers a change that had to wait by firing the event anew for all its handlers: two
# that both wait then call each other for ever. So a handler of a shared event must not wait.
CHANGE = QUICK | {"trigger_mode": "multiple"}
FOLLOW = QUIET | {"trigger_mode": "multiple"}


def announcer(words: str) -> gr.HTML:
    """Make the status line: a live region that screen readers read out when it changes."""
    return gr.HTML(
        words,
        html_template='<p class="lab-say" role="status" aria-live="polite"></p>',
        js_on_load="const say = () => { const line = element.querySelector('.lab-say');"
        " if (line) line.textContent = props.value; }; say(); watch('value', say);",
        elem_id="announce",
    )


@dataclass(frozen=True)
class Frame:
    """What every step gets: strings, engine, the browser's memory, and parts outside the steps."""

    text: Text
    engine: Engine
    people: People
    tails: Tails
    announce: gr.HTML
    walk: gr.Walkthrough
    visitor: gr.BrowserState
    entity: gr.BrowserState
    step: gr.BrowserState
    history: gr.BrowserState
    inspect: gr.BrowserState
    unlearn: gr.BrowserState
    attack: gr.BrowserState

    @property
    def slots(self) -> list[gr.BrowserState]:
        """The run ids of the chosen person, in the order of ``SLOTS``."""
        return [self.inspect, self.unlearn, self.attack]


def make_memory() -> dict[str, gr.BrowserState]:
    """Create what the browser remembers across reloads and tabs."""
    memory: dict[str, gr.BrowserState] = {
        name: gr.BrowserState("", storage_key=f"lab-{name}", **STORE) for name in ("entity", *SLOTS)
    }
    memory["visitor"] = gr.BrowserState("", storage_key="lab-visitor", **STORE)
    memory["step"] = gr.BrowserState(1, storage_key="lab-step", **STORE)
    memory["history"] = gr.BrowserState({}, storage_key="lab-history", **STORE)
    return memory


def remember(history: dict[str, Any] | None, entity: str, slot: str, run_id: str) -> dict[str, Any]:
    """Return the history with one run noted; at most 40 people are kept."""
    people = dict(history or {})
    runs = {**people.pop(entity, {}), slot: run_id}
    return dict(list(people.items())[-39:]) | {entity: runs}


def recall(history: dict[str, Any] | None, entity: str) -> list[str]:
    """Return the run ids noted for a person, in the order of ``SLOTS``."""
    runs = (history or {}).get(entity, {})
    return [runs.get(slot, "") for slot in SLOTS]


def guarded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Show a ``LabError`` of a handler as one clear line; its outputs stay as they were."""

    def warn(error: LabError) -> dict[str, Any]:
        gr.Warning(escape(str(error)), duration=WARNING_SECONDS)
        return gr.skip()

    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stream(*args: Any) -> Iterator[Any]:
            try:
                yield from handler(*args)
            except LabError as error:
                yield warn(error)

        return stream

    @functools.wraps(handler)
    def call(*args: Any) -> Any:
        try:
            return handler(*args)
        except LabError as error:
            return warn(error)

    return call


def recipe_controls(
    base: Recipe | AttackRecipe, text: Text, skip: tuple[str, ...] = (), only: tuple[str, ...] = ()
) -> dict[str, gr.components.Component]:
    """Make one labelled control per recipe field (or the ``only`` ones), from its metadata."""
    words = text.FIELDS[type(base).__name__]
    return {
        spec.name: _control(getattr(base, spec.name), dict(spec.metadata), *words[spec.name])
        for spec in fields(base)
        if spec.name not in skip and (not only or spec.name in only)
    }


def _control(value: Any, meta: dict[str, Any], label: str, help: str) -> gr.components.Component:
    words = {"label": label, "info": help, "value": value, "interactive": True}
    if meta["choices"]:
        return gr.Dropdown(choices=list(meta["choices"]), **words)
    low, high, step = meta["low"], meta["offered"], meta["step"]
    # A slider with thousands of stops cannot be set by hand: those become number fields.
    if step and (high - low) / step <= 1000:
        return gr.Slider(minimum=low, maximum=high, step=step, **words)
    return gr.Number(minimum=low, maximum=high, step=step, **words)
