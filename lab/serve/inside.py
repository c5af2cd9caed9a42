"""What one looks closer at inside the model: a single neuron's pictures, and what a run left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np
import torch

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.evaluation.models import UNLEARNED
from lab.evaluation.patching import questions_of
from lab.evaluation.session import Workbench, check_blocks
from lab.evaluation.where import total as answers_of
from lab.evaluation.where import where
from lab.events import Event, Phase, last_result
from lab.events.lines import to_line
from lab.events.where import Where, where_of, with_where
from lab.files import put
from lab.model.load import Loaded
from lab.model.overlay import visual_part
from lab.model.version import Version
from lab.report.run_folder import LEFT, read_left
from lab.saliency.importance import mean_by_picture
from lab.saliency.places import fired, neuron_map
from lab.serve.archive import Shelf
from lab.serve.closer import Firing, Shown
from lab.serve.doors import Doors
from lab.serve.rules import ATTACK, LOOK, Rules
from lab.serve.runs import Run
from lab.serve.views import ENDED, Example
from lab.serve.worker import Worker
from lab.unlearn.stages import inspect_left
from lab.unlearn.task import task_of

BEST = 4  # pictures shown for a neuron
MOST = 512  # pictures looked at: everybody's first view, everybody's second, and so on
AT_ONCE = 16
KEPT = 16  # inspections of what runs left
NOT_YET = "there is nothing to compare yet: unlearn first, and wait until it ends"


class Inside:
    """The engine's closer looks; they are taken on the worker, a few pictures at a time."""

    def __init__(
        self,
        worker: Worker,
        shelf: Shelf,
        doors: Doors,
        benchmark: Callable[[], Benchmark],
        shown_to: Callable[[str], Benchmark],
        examples: Callable[[], Sequence[Example]],
        rules: Rules,
    ) -> None:
        self._worker, self._shelf, self._benchmark = worker, shelf, benchmark
        self._doors, self._shown_to = doors, shown_to
        self._examples, self._rules = examples, rules
        self._of: Loaded | None = None  # whose activations are kept
        self._activations: dict[str, np.ndarray] = {}
        self._left: dict[str, tuple[Event, ...]] = {}  # in the order in which they were measured
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Forget the activations, and with them the model that they are of."""
        self._of, self._activations = None, {}

    def neuron(
        self, entity: str, layer: str, neuron: int, visitor: str = ""
    ) -> Iterator[Phase | Firing]:
        """Yield how many pictures have been looked at, and at last what the neuron fires for."""
        self._rules.check_step(visitor, LOOK)
        benchmark = self._shown_to(visitor)
        portrait = benchmark.entity(entity).train_images[0]

        def look(bench: Workbench) -> Generator[Phase | Firing]:
            yield from self._firing(bench.loaded, benchmark, portrait, layer, neuron)

        return self._worker.stream(look, visitor)

    def left(self, run_id: str, visitor: str = "") -> Iterator[Event]:
        """Yield what an inspection of the model that a run left says; measured once and kept."""
        self._rules.check_step(visitor, LOOK)
        for recorded in (e.left for e in self._examples() if e.unlearn.id == run_id and e.left):
            return iter(recorded)
        run = self._doors.read(run_id, visitor)
        if run.state not in ENDED or not run.changed or run.kind != "unlearn":
            raise LabError(NOT_YET)
        with self._lock:
            kept = self._left.get(run.id) or (read_left(run.folder) if run.folder else ())
        if kept:
            return iter(kept)
        self._shelf.whole(run, self._worker.ready().base)

        def look(bench: Workbench) -> Generator[Event]:
            events = []
            self._shelf.whole(run, bench.loaded.base)  # another model may have been loaded since
            for event in _inspected(bench, self._benchmark(), run):
                yield event
                if not isinstance(event, Phase):
                    events.append(event)
            self._keep(run, tuple(events))

        return self._worker.stream(look, visitor)

    def where(self, run_id: str, visitor: str = "") -> Iterator[Phase | Where]:
        """Yield how many answers there are, and at last where the run lost those about its person."""
        self._rules.check_step(visitor, ATTACK)
        for view in (e.unlearn for e in self._examples() if e.unlearn.id == run_id):
            return iter([where_recorded(view.events)])
        run = self._doors.read(run_id, visitor)
        if run.state not in ENDED or not run.changed or run.kind != "unlearn":
            raise LabError(NOT_YET)
        kept = where_of(last_result(self._shelf.whole(run, self._worker.ready().base).events))
        if kept is not None:
            return iter([kept])

        def look(bench: Workbench) -> Generator[Phase | Where]:
            self._shelf.whole(run, bench.loaded.base)  # another model may have been loaded since
            left = replace(run.version(bench.loaded), name=UNLEARNED)
            found = yield from asked(left, self._benchmark(), run.recipe.entity)
            note_where(run, found)
            self._shelf.renew(run)
            yield found

        return self._worker.stream(look, visitor)

    def _keep(self, run: Run, events: tuple[Event, ...]) -> None:
        with self._lock:
            self._left[run.id] = events
            for other in [*self._left]:  # of runs that were removed nothing stays
                if not self._shelf.store.has(other) or len(self._left) > KEPT:
                    del self._left[other]
        if run.folder is not None and run.folder.is_dir():
            try:
                put(run.folder / LEFT, "\n".join(map(to_line, events)) + "\n")
            except OSError:
                pass  # it is in memory, and can be measured again

    def _firing(
        self, loaded: Loaded, benchmark: Benchmark, portrait: bytes, layer: str, neuron: int
    ) -> Iterator[Phase | Firing]:
        layers = loaded.vision.layers(len(loaded.vision.blocks))
        names = [y.name for y in layers]
        if layer not in names or not 0 <= neuron < layers[names.index(layer)].neurons:
            raise LabError(
                f"there is no neuron {neuron} in {layer!r}: valid are {', '.join(names)}"
            )
        if self._of is not loaded:
            self._of, self._activations = loaded, {}
        views = shown_of(benchmark)
        keys = [sha256(view.image).hexdigest() for view in views]
        # of pictures that are no longer in the benchmark nothing stays
        there = {sha256(view.image).hexdigest() for view in shown_of(self._benchmark())} | {*keys}
        self._activations = {k: v for k, v in self._activations.items() if k in there}
        new = [k for k, key in enumerate(keys) if key not in self._activations]
        for at in range(0, len(new), AT_ONCE):
            yield Phase("pictures", len(views) - len(new) + at, len(views))
            part = new[at : at + AT_ONCE]
            made = mean_by_picture(loaded, layers, [views[k].image for k in part])
            rows = torch.cat(made, 1).half().cpu().numpy()
            self._activations |= {keys[k]: row for k, row in zip(part, rows, strict=True)}
        place = sum(y.neurons for y in layers[: names.index(layer)]) + neuron
        values = np.array([float(self._activations[key][place]) for key in keys])
        best = np.argsort(-values, kind="stable")[:BEST]
        z = fired(loaded, layers, portrait)[names.index(layer)][:, neuron]
        yield Firing(
            layer,
            neuron,
            tuple(views[k] for k in best),
            tuple(float(values[k]) for k in best),
            float(values.mean()),
            len(views),
            neuron_map(z),
        )


def shown_of(benchmark: Benchmark) -> list[Shown]:
    """The pictures a neuron is tried on: people's views in turn, then plain pictures; none twice."""
    people = (*benchmark.entities, *benchmark.own)
    views = [(*e.train_images, *e.test_images) for e in people]
    deepest = max(map(len, views), default=0)
    shown = [
        Shown(e.name, own[k])
        for k in range(deepest)
        for e, own in zip(people, views, strict=True)
        if k < len(own)
    ]
    plain = [Shown("", p.image) for p in benchmark.pictures]
    distinct = {s.image: s for s in reversed([*shown[: MOST - len(plain)], *plain])}
    return list(distinct.values())[::-1][:MOST]


def where_recorded(events: Sequence[Event]) -> Where:
    """Where a recorded run lost its answers; raises ``LabError`` where that was not recorded."""
    found = where_of(last_result(events))
    if found is None:
        raise LabError("this was not recorded of the example: forget the person yourself, then ask")
    return found


def asked(left: Version, benchmark: Benchmark, target: str) -> Generator[Phase, None, Where]:
    """Where a version lost its answers about a person, saying after each batch how many there are."""
    entity, done = benchmark.entity(target), 0
    steps, total = where(left, benchmark, entity), answers_of(left, questions_of(benchmark, entity))
    while True:
        yield Phase("where", done, total)
        try:
            done += next(steps)
        except StopIteration as end:
            found: Where = end.value
            return found


def note_where(run: Run, found: Where) -> None:
    """Keep it in the result of a run; one that failed has no result, and is asked anew."""
    run.add_to_end(lambda done: with_where(done, found))


def _inspected(bench: Workbench, benchmark: Benchmark, run: Run) -> Iterator[Event]:
    check_blocks(bench.loaded, run.recipe.blocks)
    task = task_of(benchmark, run.recipe)
    delta = visual_part(run.left(bench.loaded.base))
    return inspect_left(bench.loaded, task.rows, run.recipe, delta, lambda: False)
