"""A version of the model: the one thing that is asked, scored, attacked and probed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from lab.model.adapter import Adapter, adapted
from lab.model.context import Context, context_of
from lab.model.load import Loaded
from lab.model.overlay import Delta, overlay

T = TypeVar("T")


@dataclass(frozen=True)
class Version:
    """A loaded model under a run's delta and, after some attacks, a language adapter over that.

    A delta may carry a context instead of weights, or beside those that an attack has trained.

    ``identity`` tells it from every other version, for what is kept of its answers: the name where
    none is given. ``text_only``: it is asked nothing with a picture, for it has no visual module of
    its own.
    """

    name: str
    loaded: Loaded
    delta: Delta = field(default_factory=dict, repr=False)
    adapter: Adapter = field(default_factory=dict, repr=False)
    identity: str = ""
    text_only: bool = False

    def __post_init__(self) -> None:
        if not self.identity:
            object.__setattr__(self, "identity", self.name)

    @property
    def context(self) -> Context | None:
        """What stands in front of every question to this version; None where nothing does."""
        return context_of(self.delta)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Run with delta, adapter and context applied; only for the worker that owns the device.

        Every prompt that is built inside has the context in front.
        """
        with (
            overlay(self.loaded.model, self.delta),
            adapted(self.loaded.model, self.adapter),
            self.loaded.prompter.behind(self.context),
        ):
            yield

    def during(self, steps: Generator[int, None, T]) -> Generator[int, None, T]:
        """The same work in steps, each with the version on.

        Between two steps the model has the original's weights, so that others may use it.
        """
        while True:
            try:
                with self.on():
                    done = next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
            yield done
