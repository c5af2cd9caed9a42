"""What all steps share: the engine, the browser's memory, the status line and error messages."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from html import escape
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr
from gradio.context import LocalContext

from lab.errors import LabError
from lab.recipe import AttackRecipe, Preset, Recipe
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.visit import Visit
from lab.ui.examples import Examples
from lab.ui.follow import Tails, look_up
from lab.ui.gallery import People

# Only run ids lie in the browser: the secret keeps them readable after a restart, no more.
STORE = {"secret": "mllm-unlearning-lab"}
SLOTS = ("inspect", "unlearn", "attack")
MOST_PEOPLE, MOST_RUNS = 40, 12  # of whom, and of each of whom, this browser remembers runs
ALL = "runs"
WARNING_SECONDS = 20

QUIET = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
QUICK = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
JS_ONLY = {"api_visibility": "private", "queue": False}
# Gradio 6.31 answers a change that had to wait by firing the event anew for all its handlers: two
# that both wait then call each other for ever. So a handler of a shared event must not wait.
CHANGE = QUICK | {"trigger_mode": "multiple"}
CANCEL = {"fn": None, "api_visibility": "private", "trigger_mode": "multiple"}
FOLLOW = QUIET | {"trigger_mode": "multiple"}
# Gradio 6.31 serves the handlers of one event one after another, and waits for the whole of a stream.
# So a stream comes after a script that does nothing: nobody waits for what follows ``then``.
FIRST = JS_ONLY | {"fn": None, "js": "() => {}", "trigger_mode": "multiple"}

# Each page's strings: what the core says to a handler is shown in the language of its page.
PAGES: WeakKeyDictionary[gr.Blocks, Text] = WeakKeyDictionary()


# What a visitor has unfolded stays so when its part of the page is written anew.
KEEP_UNFOLDED = """
let open = false;
element.addEventListener('toggle', (event) => {
  if (event.target.matches('.lab-fold')) open = event.target.open;
}, true);
new MutationObserver(() => {
  const fold = element.querySelector('.lab-fold');
  if (fold && open && !fold.open) fold.open = true;
}).observe(element, {childList: true, subtree: true});
"""


def announcer(words: str) -> gr.HTML:
    """Make the line of what was just done: screen readers read it out when it changes."""
    return gr.HTML(
        words,
        html_template='<p class="lab-say" role="status" aria-live="polite"></p>',
        js_on_load="const say = () => { const line = element.querySelector('.lab-say');"
        " if (line) line.textContent = props.value; }; say(); watch('value', say);",
        elem_id="announce",
    )


def signal(value: Any, elem_id: str) -> gr.HTML:
    """Make an unseen value whose ``select`` comes when it changes.

    Gradio 6.31 says nothing of a ``gr.State`` that was changed by a handler without the queue.
    """
    return gr.HTML(
        value,
        html_template="<span></span>",
        js_on_load="watch('value', () => trigger('select', {}));",
        elem_id=elem_id,
        elem_classes="lab-signal",
    )


@dataclass(frozen=True)
class Frame:
    """What every step gets: strings, engine, the browser's memory, and parts outside the steps.

    ``moment``: how the runs of the chosen person stand; it changes when one starts, is ready or ends.
    ``edition``: tells by ``select`` that another model or benchmark was loaded. ``linked``,
    ``lesson``: what a link has locked, and the name of the lesson that is under way in this tab.
    """

    text: Text
    engine: Visit
    people: People
    examples: Examples
    tails: Tails
    announce: gr.HTML
    steps: gr.Tabs
    moment: gr.Textbox
    edition: gr.HTML
    linked: gr.HTML
    lesson: gr.Dropdown
    entity: gr.BrowserState
    history: gr.BrowserState
    inspect: gr.BrowserState
    unlearn: gr.BrowserState
    attack: gr.BrowserState

    @property
    def slots(self) -> list[gr.BrowserState]:
        """The run ids of the chosen person, in the order of ``SLOTS``."""
        return [self.inspect, self.unlearn, self.attack]


def make_memory(entity: str) -> dict[str, gr.BrowserState]:
    """Create what the browser remembers across reloads and tabs; ``entity`` is chosen at first."""
    memory: dict[str, gr.BrowserState] = {
        name: gr.BrowserState("", storage_key=f"lab-{name}", **STORE) for name in SLOTS
    }
    memory["entity"] = gr.BrowserState(entity, storage_key="lab-entity", **STORE)
    memory["history"] = gr.BrowserState({}, storage_key="lab-history", **STORE)
    return memory


def remember(history: dict[str, Any] | None, entity: str, slot: str, run_id: str) -> dict[str, Any]:
    """Return the history with one run noted as the person's current one, and among all of them."""
    people = dict(history or {})
    known = people.pop(entity, {})
    older = [r for r in known.get(ALL, ()) if r != run_id]
    runs = {**known, slot: run_id, ALL: [*older, *([run_id] if run_id else [])][-MOST_RUNS:]}
    return dict(list(people.items())[1 - MOST_PEOPLE :]) | {entity: runs}


def recall(engine: Visit, history: dict[str, Any] | None, entity: str) -> list[str]:
    """Return the run ids noted for a person, in the order of ``SLOTS``; none of another model."""
    runs = (history or {}).get(entity, {})
    return here(engine, [runs.get(slot, "") for slot in SLOTS])


def here(engine: Visit, run_ids: Sequence[str]) -> list[str]:
    """Return the run ids with "" in place of runs that belong to another model or benchmark."""
    return ["" if (v := look_up(engine, r)) and v.foreign else r for r in run_ids]


def follow_defaults(
    frame: Frame,
    controls: dict[str, gr.components.Component],
    recipe: Callable[..., Any],
    given: Sequence[gr.components.Component] = (),
) -> None:
    """Give controls the defaults of a model that was loaded; what was set by hand stays as it is.

    ``recipe``: returns the recipe with the defaults, of a preset and the values of ``given``.
    """
    names = list(controls)

    def renew(before: Preset, *values: Any) -> list[Any]:
        rest, chosen = values[: len(given)], values[len(given) :]
        old, new = recipe(before, *rest), recipe(frame.engine.preset, *rest)
        same = [value == getattr(old, name) for name, value in zip(names, chosen, strict=True)]
        shown = [getattr(new, n) if s else gr.skip() for n, s in zip(names, same, strict=True)]
        return [frame.engine.preset, *shown]

    held = gr.State(frame.engine.preset)
    frame.edition.select(
        renew, [held, *given, *controls.values()], [held, *controls.values()], **CHANGE
    )


def remembered(history: dict[str, Any] | None) -> list[str]:
    """Return the ids of all runs that were noted, the newest last within each person."""
    return [run_id for runs in (history or {}).values() for run_id in runs.get(ALL, ())]


def open_step(step: int) -> gr.Tabs:
    """Return the update of ``Frame.steps`` that opens a step (from 1)."""
    return gr.Tabs(selected=step)


def warn(words: str) -> None:
    """Show a visitor one line that stays for a while."""
    gr.Warning(escape(words), duration=WARNING_SECONDS)


def guarded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Show a ``LabError`` of a handler as one clear line; its outputs stay as they were.

    Gradio shows the line of a handler in the queue alone (``QUIET``, not ``QUICK``).
    """

    def refused(error: LabError) -> dict[str, Any]:
        page = LocalContext.blocks.get(None)
        text = PAGES.get(page) if page is not None else None
        warn(translated(str(error), text) if text else str(error))
        return gr.skip()

    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stream(*args: Any) -> Iterator[Any]:
            try:
                yield from handler(*args)
            except LabError as error:
                yield refused(error)

        return stream

    @functools.wraps(handler)
    def call(*args: Any) -> Any:
        try:
            return handler(*args)
        except LabError as error:
            return refused(error)

    return call


def recipe_controls(
    base: Recipe | AttackRecipe,
    text: Text,
    skip: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    used: Callable[[str], bool] = lambda name: True,
) -> dict[str, gr.components.Component]:
    """Make one labelled control per recipe field (or the ``only`` ones), from its metadata.

    ``used``: whether a field is shown; the others wait until another method needs them.
    """
    words = text.FIELDS[type(base).__name__]
    return {
        spec.name: _control(
            getattr(base, spec.name), dict(spec.metadata), words[spec.name], used(spec.name)
        )
        for spec in fields(base)
        if spec.name not in skip and (not only or spec.name in only)
    }


# The groups of a recipe's settings on the page, each with its keys in the order of the page.
FIELD_GROUPS = {
    "where": ("scope", "blocks", "prune_share", "mask_threshold", "mask_mode"),
    "loss": (
        "beta",
        "distil",
        "distance",
        "destination",
        "margin",
        "silence_share",
        "undo_alpha",
        "undo_beta",
        "undo_share",
        "sam_rho",
        "mudman_adversary",
        "mudman_fork",
        "mudman_momentum",
        "noise",
        "context",
        "forget_weight",
        "retain_weight",
        "preserve_weight",
        "npo_beta",
        "ascent_cap",
    ),
    "training": (
        "lr",
        "adapter_lr",
        "silence_lr",
        "mudman_rate",
        "steps",
        "undo_lr",
        "undo_steps",
        "batch",
        "retain_batch",
        "seed",
    ),
    "end": (
        "stop_forget",
        "stop_retain_drop",
        "probe_every",
        "estimate",
        "fisher_samples",
        "measures",
    ),
}


def _control(
    value: Any, meta: dict[str, Any], said: tuple[str, str], visible: bool
) -> gr.components.Component:
    words = {
        "label": said[0],
        "info": said[1],
        "value": value,
        "interactive": True,
        "visible": visible,
    }
    if meta["choices"]:
        return gr.Dropdown(choices=list(meta["choices"]), **words)
    low, high, step = meta["low"], meta["offered"], meta["step"]
    # A slider with thousands of stops cannot be set by hand: those become number fields.
    if step and (high - low) / step <= 1000:
        return gr.Slider(minimum=low, maximum=high, step=step, **words)
    # Without bounds: Gradio would refuse a number in English. The recipe has a line for it.
    return gr.Number(step=step, **words)
