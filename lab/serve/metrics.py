"""The state of a served lab in the text format that Prometheus reads."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lab import __version__
from lab.model.free_memory import memory_mb
from lab.serve.engine import Engine
from lab.serve.rights import LAB
from lab.serve.tally import EDGES, Counts, Histogram, Tally
from lab.serve.views import Status

# Prometheus' documentation, "Text-based format", version 0.0.4.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MB = 2**20
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Metric:
    """One metric: its values by their labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    values: Mapping[Labels, float | Histogram]


def metrics(engine: Engine, tally: Tally) -> str:
    """Everything that is measured now, as text; it names no visitor, person or question."""
    views = engine.runs(LAB)
    tally.see(views)
    kept: Counter[Labels] = Counter((("kind", v.kind), ("state", v.state)) for v in views)
    status, counts = engine.status(), tally.counts()
    found = [*_state(status, tally), Metric("lab_runs", "gauge", "Runs in memory.", kept)]
    return "".join(map(_written, [*found, *_work(counts)]))


def _state(status: Status, tally: Tally) -> Iterator[Metric]:
    """What is loaded, the queue and the memory."""
    what: Labels = (
        ("version", __version__),
        ("model", status.model),
        ("quantization", status.quantization),
        ("device", status.device),
    )
    yield Metric("lab_info", "gauge", "What is loaded; always 1.", {what: 1})
    yield _one("lab_ready", "Whether the model is loaded.", status.ready)
    yield _one("lab_start_time_seconds", "When counting began, since 1970.", tally.started)
    yield _one("lab_runs_waiting", "Runs in the queue.", status.waiting)
    yield _one("lab_runs_waiting_limit", "Most runs in the queue; 0: none.", status.most_waiting)
    used, total = status.memory_used_mb * MB, status.memory_total_mb * MB
    yield _one("lab_device_memory_used_bytes", "Memory in use: the GPU's, or this process's.", used)
    yield _one("lab_device_memory_bytes", "Memory of the GPU, or of this machine.", total)
    free = max(memory_mb(), 0.0) * MB
    yield _one("lab_memory_free_bytes", "Memory that this machine can still give.", free)


def _work(counts: Counts) -> Iterator[Metric]:
    """What was done since the start."""
    ended: dict[Labels, int] = {
        (("kind", kind), ("state", state)): n for (kind, state), n in counts.runs.items()
    }
    yield Metric("lab_runs_ended_total", "counter", "Runs that ended since the start.", ended)
    whole: dict[Labels, Histogram] = {(("kind", kind),): h for kind, h in counts.whole.items()}
    yield Metric("lab_run_seconds", "histogram", "Seconds of a run, its waiting left out.", whole)
    stages: dict[Labels, Histogram] = {(("stage", stage),): h for stage, h in counts.stages.items()}
    yield Metric("lab_stage_seconds", "histogram", "Seconds of an unlearning run's stage.", stages)
    refused: dict[Labels, float] = {(): counts.refused}
    yield Metric("lab_runs_refused_total", "counter", "Runs for which there was no room.", refused)
    yield _one("lab_chats_open", "Chats that wait for an answer or get one.", counts.chatting)
    chats: dict[Labels, int] = {(("outcome", outcome),): n for outcome, n in counts.chats.items()}
    yield Metric("lab_chats_total", "counter", "Chats by how they ended.", chats)
    for name, about, histogram in (
        ("lab_chat_first_word_seconds", "Seconds to the first word.", counts.first_word),
        ("lab_chat_seconds", "Seconds to the last word.", counts.answer),
    ):
        yield Metric(name, "histogram", about, {(): histogram})


def _one(name: str, about: str, value: float) -> Metric:
    return Metric(name, "gauge", about, {(): value})


def _written(metric: Metric) -> str:
    lines = [f"# HELP {metric.name} {metric.about}", f"# TYPE {metric.name} {metric.kind}"]
    for labels, value in sorted(metric.values.items(), key=lambda pair: pair[0]):
        if isinstance(value, Histogram):
            lines += _bars(metric.name, labels, value)
        else:
            lines.append(_line(metric.name, labels, value))
    return "\n".join(lines) + "\n"


def _bars(name: str, labels: Labels, histogram: Histogram) -> Iterator[str]:
    """A histogram as lines: each bar counts everything up to its edge, as Prometheus wants it."""
    sums = list(itertools.accumulate(histogram.counts))
    edges: Sequence[str] = [*(f"{edge:g}" for edge in EDGES), "+Inf"]
    for edge, count in zip(edges, sums, strict=True):
        yield _line(f"{name}_bucket", (*labels, ("le", edge)), count)
    yield _line(f"{name}_sum", labels, histogram.total)
    yield _line(f"{name}_count", labels, sums[-1])


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(word)}"' for key, word in labels)
    return f"{name}{{{inside}}} {float(value)!r}" if inside else f"{name} {float(value)!r}"


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
