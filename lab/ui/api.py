"""The few endpoints that scripts may call; all other endpoints of the page are private."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.events import Done
from lab.recipe import revise
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.visit import Visit
from lab.ui import given, remote
from lab.ui.follow import describe

# The names and their arguments, for the door: what is not here answers to no script.
ENDPOINTS = {
    "entities": (),
    "submit": ("entity", "settings"),
    "status": (),
    "stop": ("run_id",),
    "result": ("run_id",),
    "move": ("run_id", "earlier"),
    "edit": ("run_id", "settings"),
    "share": ("run_id", "shared"),
    **remote.ENDPOINTS,
}

AGAIN = "again"  # among the settings: run it, even where a kept run has the answer


def expose(engine: Visit, text: Text) -> None:
    """Add the endpoints to the page that is being built."""

    def entities() -> list[dict[str, Any]]:
        """List the people that can be forgotten: id and name."""
        return [{"id": card.id, "name": card.name} for card in engine.entities()]

    def submit(entity: str, settings: dict[str, Any]) -> str:
        """Queue an unlearning run with settings that differ from the preset; returns its id.

        A run that would only repeat a kept one gives that one's id, unless "again" is true.
        """
        changes = dict(given.settings(settings, text))
        if "entity" in changes:
            raise LabError(text.API_ENTITY)
        again = given.switch(AGAIN, changes.pop(AGAIN, False), text)
        changes["entity"] = given.word("entity", entity, text)
        recipe = revise(engine.preset.recipe, changes)
        kept = "" if again else engine.same_run(recipe)
        return kept or engine.submit(recipe, "unlearn", again)

    def status() -> dict[str, Any]:
        """Return what is loaded and what the worker does."""
        return dataclasses.asdict(engine.status())

    def stop(run_id: str) -> str:
        """Ask a run to end after its current step; returns the run's state."""
        engine.stop(given.word("run_id", run_id, text))
        return engine.run(run_id).state

    def result(run_id: str) -> dict[str, Any]:
        """Return the state of a run, a line about it, and its result if there is one.

        ``started``, ``ended``: when it began and ended, in seconds since 1970; 0 while it has not.
        ``place``: in the queue, 0 where it does not wait; ``begins``: seconds until it begins, null where that is not known.
        """
        view = engine.run(given.word("run_id", run_id, text))
        last = view.events[-1] if view.events else None
        found: dict[str, Any] = last.result if isinstance(last, Done) else {}
        return {
            "state": view.state,
            "error": view.error,
            "line": describe(view, text),
            "started": view.started,
            "ended": view.ended,
            "place": view.place,
            "begins": view.begins,
            "result": found,
        }

    def move(run_id: str, earlier: bool) -> int:
        """Let a waiting run and your run before or after it change places; returns its place."""
        run = given.word("run_id", run_id, text)
        engine.move(run, given.switch("earlier", earlier, text))
        return engine.run(run).place

    def edit(run_id: str, settings: dict[str, Any]) -> int:
        """Change settings of a run that waits, a recipe's or an attack's; returns its place."""
        view = engine.run(given.word("run_id", run_id, text))
        changes = given.settings(settings, text)
        engine.edit(view.id, revise(view.attack or view.recipe, changes))
        return engine.run(view.id).place

    def share(run_id: str, shared: bool) -> bool:
        """Let everybody in the room look at a run, or no longer; returns whether they may."""
        run = given.word("run_id", run_id, text)
        engine.share(run, given.switch("shared", shared, text))
        return engine.run(run).shared

    more = remote.Remote(engine, text)
    for endpoint in (
        *(entities, submit, status, stop, result, move, edit, share),
        *(more.inspect, more.events, more.chat, more.attack),
    ):
        gr.api(_plain(endpoint, text), api_name=endpoint.__name__, concurrency_limit=None)


def _plain(endpoint: Callable[..., Any], text: Text) -> Callable[..., Any]:
    """Answer a ``LabError`` with its text and without a traceback."""

    @functools.wraps(endpoint)
    def call(*args: Any) -> Any:
        try:
            return endpoint(*args)
        except LabError as error:
            raise gr.Error(translated(str(error), text), print_exception=False) from None

    return call
