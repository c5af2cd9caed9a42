"""Curves and results for the tools that people have already: csv, TensorBoard, trackio."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.events import Bar, Curve, Event, Probe, Step

PACKAGES = {"csv": "", "tensorboard": "tensorboard", "trackio": "trackio"}
PROJECT = "mllm-unlearning-lab"
Put = Callable[[int, Mapping[str, float]], None]  # the step, and the values by their names


class Log:
    """Where a command's numbers go; ``put`` takes what is drawn over the steps, ``end`` the result."""

    def __init__(self, put: Put) -> None:
        self._put, self._last = put, 0

    def put(self, step: int, values: Mapping[str, float]) -> None:
        """Pass on the values of a step; what is no number is left out."""
        self._last = max(self._last, step)
        numbers = {name: float(v) for name, v in values.items() if math.isfinite(v)}
        if numbers:
            self._put(step, numbers)

    def hear(self, event: Event) -> None:
        """Pass on what an event of a run or an attack says in numbers."""
        step, values = values_of(event)
        self.put(step, values)

    def end(self, result: Mapping[str, Any]) -> None:
        """Pass on every number of a result, at the last step."""
        self.put(self._last, figures(result))


def values_of(event: Event) -> tuple[int, dict[str, float]]:
    """The step and the numbers of an event that is part of a curve; no numbers for any other."""
    if isinstance(event, Step):
        names = ("forget_loss", "retain_loss", "vkd_loss", "total")
        return event.step, {f"train/{name}": getattr(event, name) for name in names}
    if isinstance(event, Probe):
        return event.step, {"probe/forget": event.forget, "probe/retain": event.retain}
    if isinstance(event, Curve):
        who = f"attack/{event.who}"
        names = ("forget", "loss", "probability")
        return event.step, {f"{who}/{name}": getattr(event, name) for name in names}
    if isinstance(event, Bar):
        who = f"attack/{event.who}/{event.name}"
        return 0, {f"{who}/forget": event.forget, f"{who}/retain": event.retain}
    return 0, {}


def figures(result: Mapping[str, Any], front: str = "result") -> dict[str, float]:
    """Every number of a result by its path, as ``result/after/forget_vqa``; lists are left out."""
    found: dict[str, float] = {}
    for key, value in result.items():
        name = f"{front}/{key}"
        if isinstance(value, Mapping):
            found |= figures(value, name)
        elif isinstance(value, int | float):
            found[name] = float(value)
    return found


def has_package(name: str) -> bool:
    """Whether an optional package is installed."""
    return importlib.util.find_spec(name) is not None


def check_log(kind: str) -> None:
    """Raise ``LabError`` where the package that a kind of log needs is not installed."""
    package = PACKAGES[kind]
    if package and not has_package(package):
        raise LabError(
            f"--log-to {kind} needs the package {package}, which is not installed: "
            f"pip install -e '.[{kind}]'"
        )


@contextmanager
def opened(kind: str, folder: Path, name: str, settings: Mapping[str, Any]) -> Iterator[Log]:
    """A log of one kind in ``folder``, under ``name``; closed at the end, also after an error.

    ``settings``: what the numbers were made with, where the tool keeps that. Raises ``LabError``
    if the folder cannot be written.
    """
    sinks = {"csv": _csv, "tensorboard": _tensorboard, "trackio": _trackio}
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            put = stack.enter_context(sinks[kind](folder, name, settings))
        except OSError as error:
            raise LabError(
                f"cannot write the log in {folder} ({error.strerror}): give another --log-dir"
            ) from None
        yield Log(put)


@contextmanager
def _csv(folder: Path, name: str, _: Mapping[str, Any]) -> Iterator[Put]:
    """One line for each number: step, name, value; each is there as soon as it is known."""
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("step", "name", "value"))

        def put(step: int, values: Mapping[str, float]) -> None:
            lines.writerows((step, key, repr(value)) for key, value in values.items())
            file.flush()

        yield put


@contextmanager
def _tensorboard(folder: Path, name: str, settings: Mapping[str, Any]) -> Iterator[Put]:
    from torch.utils.tensorboard import SummaryWriter

    writer: Any = SummaryWriter(str(folder / name))

    def put(step: int, values: Mapping[str, float]) -> None:
        for key, value in values.items():
            writer.add_scalar(key, value, step)
        writer.flush()

    try:
        writer.add_text("recipe", "\n".join(f"* {k}: {v}" for k, v in settings.items()))
        yield put
    finally:
        writer.close()


@contextmanager
def _trackio(folder: Path, name: str, settings: Mapping[str, Any]) -> Iterator[Put]:
    """A run of trackio's own files in ``folder``; nothing leaves the machine.

    What trackio prints goes to stderr, for stdout is the result's.
    """
    os.environ["TRACKIO_DIR"] = str(folder.resolve())  # read when the package is imported
    with contextlib.redirect_stdout(sys.stderr):
        import trackio

        run = trackio.init(
            project=PROJECT,
            name=name,
            config=dict(settings),
            auto_log_gpu=False,
            auto_log_cpu=False,
        )
    try:
        yield lambda step, values: run.log(dict(values), step=step)
    finally:
        with contextlib.redirect_stdout(sys.stderr):
            trackio.finish()  # and not the run's own: that would print once more at the very end
