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


class Runs:
    """The endpoints about people, the queue and its runs; each raises ``LabError`` on misuse."""

    def __init__(self, engine: Visit, text: Text) -> None:
        self._engine, self._text = engine, text

    def entities(self) -> list[dict[str, Any]]:
        """List the people that can be forgotten: id and name."""
        return [{"id": card.id, "name": card.name} for card in self._engine.entities()]

    def submit(self, entity: str, settings: dict[str, Any]) -> str:
        """Queue an unlearning run with settings that differ from the preset; returns its id.

        A run that would only repeat a kept one gives that one's id, unless "again" is true.
        """
        changes = dict(given.settings(settings, self._text))
        if "entity" in changes:
            raise LabError(self._text.API_ENTITY)
        again = given.switch(AGAIN, changes.pop(AGAIN, False), self._text)
        changes["entity"] = given.word("entity", entity, self._text)
        recipe = revise(self._engine.preset.recipe, changes)
        kept = "" if again else self._engine.same_run(recipe)
        return kept or self._engine.submit(recipe, "unlearn", again)

    def status(self) -> dict[str, Any]:
        """Return what is loaded and what the worker does."""
        return dataclasses.asdict(self._engine.status())

    def stop(self, run_id: str) -> str:
        """Ask a run to end after its current step; returns the run's state."""
        self._engine.stop(given.word("run_id", run_id, self._text))
        return self._engine.run(run_id).state

    def result(self, run_id: str) -> dict[str, Any]:
        """Return the state of a run, a line about it, and its result if there is one.

        ``started``, ``ended``: when it began and ended, in seconds since 1970; 0 while it has not.
        ``place``: in the queue, 0 where it does not wait; ``begins``: seconds until it begins, null where that is not known.
        """
        view = self._engine.run(given.word("run_id", run_id, self._text))
        last = view.events[-1] if view.events else None
        found: dict[str, Any] = last.result if isinstance(last, Done) else {}
        return {
            "state": view.state,
            "error": view.error,
            "line": describe(view, self._text),
            "started": view.started,
            "ended": view.ended,
            "place": view.place,
            "begins": view.begins,
            "result": found,
        }

    def move(self, run_id: str, earlier: bool) -> int:
        """Let a waiting run and your run before or after it change places; returns its place."""
        run = given.word("run_id", run_id, self._text)
        self._engine.move(run, given.switch("earlier", earlier, self._text))
        return self._engine.run(run).place

    def edit(self, run_id: str, settings: dict[str, Any]) -> int:
        """Change settings of a run that waits, a recipe's or an attack's; returns its place."""
        view = self._engine.run(given.word("run_id", run_id, self._text))
        changes = given.settings(settings, self._text)
        self._engine.edit(view.id, revise(view.attack or view.recipe, changes))
        return self._engine.run(view.id).place

    def share(self, run_id: str, shared: bool) -> bool:
        """Let everybody in the room look at a run, or no longer; returns whether they may."""
        run = given.word("run_id", run_id, self._text)
        self._engine.share(run, given.switch("shared", shared, self._text))
        return self._engine.run(run).shared


def expose(engine: Visit, text: Text) -> None:
    """Add the endpoints to the page that is being built."""
    runs, more = Runs(engine, text), remote.Remote(engine, text)
    for name in ENDPOINTS:
        endpoint = getattr(more if name in remote.ENDPOINTS else runs, name)
        gr.api(_plain(endpoint, text), api_name=name, concurrency_limit=None)


def _plain(endpoint: Callable[..., Any], text: Text) -> Callable[..., Any]:
    """Answer a ``LabError`` with its text and without a traceback."""

    @functools.wraps(endpoint)
    def call(*args: Any) -> Any:
        try:
            return endpoint(*args)
        except LabError as error:
            raise gr.Error(translated(str(error), text), print_exception=False) from None

    return call
