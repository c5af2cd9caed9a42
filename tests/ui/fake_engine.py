"""A stand-in engine for the page's tests: drawn people, synthetic events from a thread."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import yaml
from PIL import Image, ImageDraw

from lab.benchmarks.own import Pair, portraits
from lab.errors import LabError
from lab.events import (
    Answers,
    Curve,
    Depth,
    Done,
    Event,
    Glow,
    Identity,
    Importance,
    NeuronFisher,
    Phase,
    Probe,
    Ready,
    Saliency,
    Step,
)
from lab.events.controls import Control, with_controls
from lab.events.where import Distance, Line, Patched, Patching, Where, with_where
from lab.recipe import AttackRecipe, Preset, Recipe, revise
from lab.report.text import Text
from lab.serve.closer import Firing, Shown
from lab.serve.menu import Choice, Need, Offer, Source
from lab.serve.rights import NOT_SHARED, Rights
from lab.serve.rules import Rules
from lab.serve.views import (
    CONTROL,
    ORIGINAL,
    EntityCard,
    Example,
    ProbeRow,
    Recognition,
    RunKind,
    RunView,
    Status,
    Turn,
)
from tests.ui.fake_attacks import attack

FIRST = "Ada Bruno Chiara Dmitri Elif Farid Greta Hugo Ines Jonas".split()
LAST = "Almeida Bergström Conti".split()
LAYERS = tuple(f"vision.{i}" for i in (8, 9, 10, 11)) + ("projector",)
GROUPS = ("query", "key", "value", "attention out", "mlp in", "mlp out")
DONE = ("unlearn", "finished")
SIZES = (1536, 1536, 1536, 1536, 576)
SCORES = ("forget_vqa", "forget_qa", "retain_vqa", "retain_qa", "general_qa")


def portrait(index: int, view: int = 0) -> bytes:
    """Draw a simple face; each index has its own colours and each view its own tilt."""
    rng = np.random.default_rng(index)
    wall, skin, hair, shirt = (tuple(int(c) for c in rng.integers(60, 230, 3)) for _ in range(4))
    image = Image.new("RGB", (224, 224), wall)
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 170, 194, 300), fill=shirt)
    draw.ellipse((60, 30, 164, 150), fill=hair)
    draw.ellipse((70, 50, 154, 175), fill=skin)
    for x in (95, 129):
        draw.ellipse((x - 6, 100, x + 6, 112), fill=(20, 20, 30))
    draw.arc((92, 120, 132, 155), 20, 160, fill=(120, 30, 30), width=4)
    out = io.BytesIO()
    image.rotate(view * 4, fillcolor=wall).save(out, "JPEG", quality=90)
    return out.getvalue()


def person(index: int) -> EntityCard:
    """Make one fictitious person."""
    name = f"{FIRST[index % 10]} {LAST[index // 10]}"
    profile = {
        "Occupation": ("baker", "pilot", "botanist")[index % 3],
        "Birthplace": "Coimbra, Portugal",
        "Residence": "Malmö, Sweden",
        "Hobby": "bookbinding & <b>origami</b>",
        "Pet": "a tortoise",
        "Employer": "Harbour Mill",
        "Education": "fine arts",
        "Favourite food": "leek pie",
    }
    views = tuple(portrait(index, view) for view in range(1, 4))
    biography = f"{name} was born in Coimbra and lives in Malmö, where the day starts at five."
    return EntityCard(f"p{index:02d}", name, profile, biography, portrait(index), views)


class FakeOwn:
    """The engine's own people: kept in the same list as the drawn ones, pictures really read."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def add(
        self, name: str, images: Sequence[bytes], pairs: Sequence[Pair], visitor: str = ""
    ) -> str:
        views = portraits(images)
        if not name.strip() or not pairs:
            raise LabError(
                "the name is empty: fill it in" if pairs else "0 questions: give 1 to 20"
            )
        card = EntityCard(
            f"own-{uuid.uuid4().hex[:8]}",
            name,
            {p.question: p.answer for p in pairs},
            f"{len(views)} pictures.",
            views[0],
            tuple(views),
            tuple((p.question, p.answer, *p.wrong) for p in pairs),
            visitor,
        )
        self.engine.rights.give(card.id, visitor)
        self.engine.added[card.id] = time.time()
        self.engine.people = [card, *self.engine.people]
        return card.id

    def remove(self, entity_id: str, visitor: str = "") -> None:
        self.engine.rights.check_owner(visitor, entity_id, "person", "remove")
        left = [p for p in self.engine.people if p.id != entity_id or not p.questions]
        if len(left) == len(self.engine.people):
            raise LabError(f"no own person {entity_id!r}")
        self.engine.people = left

    def share(self, entity_id: str, shared: bool, visitor: str = "") -> None:
        self.engine.rights.check_owner(visitor, entity_id, "person", "share")
        self.engine.rights.share(entity_id, shared)

    def since(self, entity_id: str) -> float:
        return self.engine.added.get(entity_id, 0.0)

    def recognition(self, entity_id: str, visitor: str = "") -> Recognition:
        name = next(p.name for p in self.engine.people if p.id == entity_id)
        return Recognition(0.25 if "Nobody" in name else 0.9, 20, 0.25)


class FakeSteer:
    """The queue in a teacher's hands: while it is paused, no run begins."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine, self.paused = engine, False
        self.put_to: list[tuple[str, bool]] = []

    def pause(self, paused: bool, visitor: str = "") -> None:
        self._engine.rights.check_teacher(visitor)
        self.paused = paused

    def put(self, run_id: str, first: bool, visitor: str = "") -> None:
        self._engine.rights.check_teacher(visitor)
        self.put_to.append((run_id, first))


class FakeInside:
    """Closer looks that need no model."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.picked: list[tuple[str, str, int]] = []

    def neuron(
        self, entity: str, layer: str, neuron: int, visitor: str = ""
    ) -> Iterator[Phase | Firing]:
        if layer not in LAYERS:
            raise LabError(f"there is no neuron {neuron} in {layer!r}: valid are {LAYERS}")
        self.picked.append((entity, layer, neuron))
        yield Phase("pictures", 0, 90)
        time.sleep(self.engine.pace)
        shown = (
            *(Shown(p.name, p.views[0]) for p in self.engine.people[:3]),
            Shown("", portrait(9)),
        )
        yield Firing(layer, neuron, shown, (3.0, 2.0, 1.5, 1.0), 0.5, 90, glow().maps[4])

    def left(self, run_id: str, visitor: str = "") -> Iterator[Event]:
        view = self.engine.run(run_id, visitor) if run_id else None
        if view is None or view.state not in ("finished", "stopped"):
            raise LabError("there is nothing to compare yet: unlearn first, and wait until it ends")
        yield Phase("importance")
        time.sleep(self.engine.pace)
        old = importance(view.recipe.prune_share)
        score = tuple(
            np.where(p, 0, s * 0.8).astype(np.float32)
            for s, p in zip(old.score, old.pruned, strict=True)
        )
        yield dataclasses.replace(old, score=score)
        yield glow()
        yield neuron_fisher(seed=4)

    def where(self, run_id: str, visitor: str = "") -> Iterator[Phase | Where]:
        view = self.engine.run(run_id, visitor)
        if view.state not in ("finished", "stopped"):
            raise LabError("there is nothing to compare yet: unlearn first, and wait until it ends")
        for done in (0, 40):
            yield Phase("where", done, 80)
            time.sleep(self.engine.pace)
        found = lost(view.entity)
        with_it = with_where(last_done(view), found)
        self.engine._change(run_id, events=(*view.events[:-1], with_it))
        yield found


def last_done(view: RunView) -> Done:
    assert isinstance(view.events[-1], Done)
    return view.events[-1]


def lost(entity: str) -> Where:
    """A run whose answers are lost at block 10, and are back once the original's go up to there."""

    def way(into: str, source: str, shares: Sequence[float]) -> Patching:
        names = ("", "block 8", "block 9", "block 10", "block 11", "tower", "projector")
        made = [
            Patched(n, s, round(0.2 + 0.7 * s, 3), 0.96, 0.9)
            for n, s in zip(names, shares, strict=True)
        ]
        return Patching(into, source, made[0], tuple(made[1:]))

    line = Line((0, 0.2, 0.4, 0.6, 0.8, 1), (0.1, 0.1, 0.5, 3.0, 4.0, 4.1), (0.1,) * 6, 0.5, 0.0)
    return Where(
        entity,
        way("original", "unlearned", (0.98, 0.98, 0.95, 0.2, 0.15, 0.13, 0.13)),
        way("unlearned", "original", (0.13, 0.13, 0.15, 0.9, 0.96, 0.98, 0.98)),
        line,
        Distance(0.041, (("block 10", 0.05), ("block 11", 0.06), ("projector", 0.02))),
        45,
        36,
        0.25,
        0.25,
    )


def _top(view: RunView) -> str:
    """The run that a view is of, or that it attacks."""
    return view.parent or view.id


def has(model: str, benchmark: str, gb: float, download: float = 0.0, problem: str = "") -> Offer:
    return Offer(Choice(model, benchmark, "gguf-q4"), Need(gb, 8.0, "cpu", download, problem))


class FakeMenu:
    """Two models with other people each, one that is too large, one to download, one broken."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine, self.open, self.edition = engine, True, 0
        self.loaded = Choice("fake", "drawn", "gguf-q4")
        self.coming: Choice | None = None
        self.error = ""
        self.go = threading.Event()  # a change waits until it is set
        self.go.set()
        self.wanted: list[tuple[Choice, float]] = []

    def models(self) -> Sequence[Offer]:
        return [
            has("fake", "drawn", 0.9),
            has("other", "few", 1.5),
            has("owner/large", "drawn", 28.0),
            has("owner/far", "drawn", 2.0, 14.0),
            has("<b>torn</b>", "drawn", 1.0, problem="config.json cannot be read"),
        ]

    def benchmarks(self) -> Sequence[Source]:
        return [Source("drawn"), Source("few"), Source("clear", 1.5)]

    def need(self, choice: Choice) -> Need:
        found = {o.choice.model: o.need for o in self.models()}
        if choice.model not in found:
            raise LabError(f"unknown model {choice.model!r}")
        return found[choice.model]

    def change(self, choice: Choice, download_gb: float = 0.0, visitor: str = "") -> str:
        self.wanted.append((choice, download_gb))
        if self.coming:
            raise LabError("the room's model is being changed: wait until it is loaded")
        self.coming = choice
        return self.engine._start("change", Recipe(), None, None, visitor)

    def carry_out(self) -> Iterator[Event]:
        """Load what was chosen; a model that is to be downloaded fails."""
        yield Phase("Loading the model …")
        self.go.wait(60)
        choice, self.coming = self.coming, None
        if choice.model == "owner/far":
            self.error = "the download broke off: try again"
            raise LabError(self.error)
        self.error, before = "", self.loaded
        self.loaded, self.engine.recorded = choice, ()
        self.engine.people = [
            person(i) for i in ((20, 21, 2) if choice.benchmark == "few" else range(30))
        ]
        lr = 1e-5 if choice.model == "other" else 1e-4
        self.engine.preset = dataclasses.replace(
            self.engine.preset, name=choice.model, recipe=Recipe(lr=lr)
        )
        for run_id, view in self.engine._runs.items():
            if view.kind != "change":
                foreign = view.foreign or f"{before.model} · {before.benchmark}"
                mine = foreign == f"{choice.model} · {choice.benchmark}"
                self.engine._change(run_id, foreign="" if mine else foreign)
        self.edition += 1
        yield Done("done")


class FakeEngine:
    """Implements ``lab.serve.engine.Engine`` without a model; ``pace`` is seconds a step."""

    def __init__(self, folder: Path, pace: float = 0.05, load_seconds: float = 0.0) -> None:
        self.preset = Preset(name="fake", model="drawn", benchmark="people")
        self.pace = pace
        self.hold_at: int | None = None  # training waits after this step until it is None
        self.answers_again = False  # whether a run is answered from a kept one of the same recipe
        self.people = [person(i) for i in range(30)]
        self.rights = Rights(folder / "owners.jsonl", alone=True)
        self.rules, self.steer = Rules(self.rights), FakeSteer(self)
        self.own = FakeOwn(self)
        self.inside = FakeInside(self)
        self.menu = FakeMenu(self)
        self.recorded: tuple[Example, ...] = ()
        self.folder = folder
        self.asked: list[tuple[tuple[str, ...], tuple[Turn, ...], bytes | None]] = []
        self._ready_at = time.monotonic() + load_seconds
        self._runs: dict[str, RunView] = {}
        self._stand_ins: dict[str, str] = {}
        self._stop: set[str] = set()
        self._visitors: dict[str, str] = {}
        self.added: dict[str, float] = {}
        self.moved: list[tuple[str, bool]] = []
        self._lock = threading.Lock()
        self._device = threading.Lock()

    def ready(self, now: bool = True) -> None:
        """The model is loaded now, or still being loaded."""
        self._ready_at = 0.0 if now else math.inf

    def status(self) -> Status:
        ready = time.monotonic() >= self._ready_at
        waiting = sum(r.state == "waiting" for r in self._runs.values())
        busy = any(r.state == "running" for r in self._runs.values())
        phase = "" if ready else "Reading the language model"
        return Status(
            ready,
            "LLaVA-DINOv2-small",
            self.menu.loaded.quantization,
            "cpu",
            1430.0,
            7900.0,
            "busy" if busy else "idle",
            phase,
            waiting,
            self.menu.error,
            changing=self.menu.coming,
        )

    @property
    def alone(self) -> bool:
        return self.rights.alone

    def entities(self, visitor: str = "") -> Sequence[EntityCard]:
        return [
            dataclasses.replace(p, shared=self.rights.whose(p.id).shared)
            for p in self.people
            if self.rights.reads(visitor, p.id)
        ]

    def submit(
        self, recipe: Recipe, kind: RunKind = "unlearn", visitor: str = "", anew: bool = False
    ) -> str:
        if recipe.entity not in {p.id for p in self.entities(visitor)}:
            raise LabError(f"unknown entity {recipe.entity!r}: valid ids are p00 to p29")
        self.rules.check_run(visitor, kind, recipe)
        early = kind == "unlearn" and not anew and not self.status().ready
        return self._start(kind, recipe, None, None, visitor, self._kept(recipe) if early else "")

    def same_run(self, recipe: Recipe, visitor: str = "") -> str:
        return self._kept(recipe) if self.status().ready else ""

    def _kept(self, recipe: Recipe) -> str:
        kept = [r.id for r in self.runs() if (r.kind, r.state, r.recipe) == (*DONE, recipe)]
        return kept[-1] if kept and self.answers_again else ""

    def submit_attack(self, run_id: str, attack: AttackRecipe, visitor: str = "") -> str:
        self.rights.check_owner(visitor, run_id, "run", "attack")
        parent = self.run(run_id)
        self.rules.check_run(visitor, "attack", parent.recipe, attack)
        if parent.state not in ("finished", "stopped"):
            raise LabError("attack a run that has ended")
        return self._start("attack", parent.recipe, attack, run_id, visitor)

    def examples(self) -> Sequence[Example]:
        return self.recorded

    def run(self, run_id: str, visitor: str = "") -> RunView:
        for view in (v for e in self.recorded for v in e.views if v.id == run_id):
            return view
        run_id = self._stand_ins.get(run_id, run_id)
        try:
            view = self._runs[run_id]
        except KeyError:
            raise LabError(f"unknown run {run_id!r}: it may have been cleaned up") from None
        if not self._reads(view, visitor):
            raise LabError(NOT_SHARED["run"])
        ahead = [r.id for r in self._runs.values() if r.state in ("waiting", "running")]
        place = ahead.index(run_id) if view.state == "waiting" else 0
        mine, shared = self.rights.owns(visitor, view.id), self.rights.whose(_top(view)).shared
        owner = self.rights.whose(view.id).visitor
        return dataclasses.replace(view, place=place, mine=mine, shared=shared, owner=owner)

    def _reads(self, view: RunView, visitor: str) -> bool:
        return self.rights.reads(visitor, _top(view))

    def move(self, run_id: str, earlier: bool, visitor: str = "") -> None:
        self.rights.check_owner(visitor, run_id, "run", "move")
        self.moved.append((run_id, earlier))

    def edit(self, run_id: str, settings: Recipe | AttackRecipe, visitor: str = "") -> None:
        self.rights.check_owner(visitor, run_id, "run", "change")
        field = "attack" if isinstance(settings, AttackRecipe) else "recipe"
        self._change(run_id, **{field: settings})

    def share(self, run_id: str, shared: bool, visitor: str = "") -> None:
        self.rights.check_owner(visitor, run_id, "run", "share")
        self.rights.share(_top(self.run(run_id)), shared)

    def beside_controls(self, run_id: str, visitor: str = "") -> RunView:
        view = self.run(run_id, visitor)
        *before, done = view.events
        assert isinstance(done, Done)
        scores = {**done.result["before"], "forget_vqa": 0.25}
        found = [
            Control("never_knew", scores, done.result["n"]),
            Control("text_only", {}, {}, fits=False),
        ]
        time.sleep(self.pace)
        self._change(run_id, events=(*before, with_controls(done, found)))
        return self.run(run_id, visitor)

    def runs(self, visitor: str = "") -> Sequence[RunView]:
        return [
            self.run(run_id, visitor)
            for run_id, v in list(self._runs.items())
            if v.kind != "change" and self._reads(v, visitor)
        ]

    def forget(self, run_ids: Collection[str]) -> None:
        gone = {v.id for v in self._runs.values() if {v.id, v.parent} & set(run_ids)}
        self._runs = {i: v for i, v in self._runs.items() if i not in gone}

    def stop(self, run_id: str, visitor: str = "") -> None:
        self.rights.check_owner(visitor, run_id, "run", "stop")
        if self.run(run_id).kind == "change":
            raise LabError("the model is being loaded and that cannot be stopped")
        self._stop.add(run_id)

    def under_way(self, visitor: str) -> Sequence[RunView]:
        return [
            r
            for r in map(self.run, list(self._runs))
            if visitor and self._visitors.get(r.id) == visitor and r.state in ("waiting", "running")
        ]

    def chat(
        self, sides: Sequence[str], turns: Sequence[Turn], image: bytes | None, visitor: str = ""
    ) -> Iterator[tuple[str, ...]]:
        self.asked.append((tuple(sides), tuple(turns), image))
        if not turns or not turns[-1].question.strip():
            raise LabError("type a question first")
        saw = "I see a picture." if image else "No picture."
        full = [
            f"{saw} {'This is Ada' if s == ORIGINAL else 'I cannot tell'}; {len(turns)} asked."
            for s in sides
        ]
        for end in range(4, max(map(len, full)) + 4, 4):
            time.sleep(self.pace / 4)
            yield tuple(text[:end] for text in full)

    def identity(self, sides: Sequence[str], entity: str, visitor: str = "") -> list[Identity]:
        names = (*(f"block {i}" for i in range(6)), "projector")
        return [
            Identity(
                who,
                tuple(Depth(n, max(0.0, 1 - 0.1 * k * j), 1.0) for j, n in enumerate(names)),
                4,
                29,
                0.025,
            )
            for k, who in enumerate((*sides, CONTROL))
        ]

    def probes(self, sides: Sequence[str], entity: str, visitor: str = "") -> list[ProbeRow]:
        groups = ("Forget VQA", "Forget QA", "Retain VQA", "Retain QA", "General")
        rows = []
        for group in groups:
            right = [group != "Forget VQA" or side == ORIGINAL for side in sides]
            answers = tuple("Coimbra" if ok else "Lagos" for ok in right)
            image = portrait(3) if "VQA" in group else None
            rows.append(
                ProbeRow(
                    group, "Where was this person born?", "Coimbra", answers, tuple(right), image
                )
            )
        rows.append(
            ProbeRow("General", "Say hello.", "-", ("Hello",) * len(sides), (None,) * len(sides))
        )
        return rows

    def export(self, run_id: str, visitor: str = "", text: Text | None = None) -> Path:
        self.rights.check_owner(visitor, run_id, "run", "download")
        view = self.run(run_id)
        folder = self.folder / run_id
        folder.mkdir(parents=True, exist_ok=True)
        result = view.events[-1].result if view.events and isinstance(view.events[-1], Done) else {}
        (folder / "recipe.yaml").write_text(
            yaml.safe_dump(dataclasses.asdict(view.recipe)), encoding="utf-8"
        )
        (folder / "metrics.json").write_text(json.dumps(result), encoding="utf-8")
        for name in ("events.jsonl", "curves.csv", "items.csv", "delta.safetensors", "report.html"):
            (folder / name).write_text("{}\n", encoding="utf-8")
        return folder

    def load(self, folder: Path, visitor: str = "") -> str:
        try:
            recipe = revise(
                Recipe(), yaml.safe_load((folder / "recipe.yaml").read_text(encoding="utf-8"))
            )
            result = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise LabError(
                f"not a run folder: {type(error).__name__}; it needs recipe.yaml, "
                "metrics.json and delta.safetensors"
            ) from None
        run_id = uuid.uuid4().hex
        self.rights.give(run_id, visitor)
        self._runs[run_id] = RunView(
            run_id,
            "unlearn",
            recipe.entity,
            "finished",
            recipe,
            None,
            None,
            (Done("loaded", result),),
        )
        return run_id

    def suggestions(self, entity: str, image: bool, visitor: str = "") -> list[str]:
        name = next(p.name for p in self.people if p.id == entity)
        if image:
            return ["Who is this?", "What is this person's job?", "Where was this person born?"]
        return [f"What is the job of {name}?", f"Where does {name} live?", "What is 2 + 2?"]

    def _start(self, kind, recipe, attack, parent, visitor, kept: str = "") -> str:
        run_id = uuid.uuid4().hex
        self._visitors[run_id] = visitor
        self.rights.give(run_id, visitor)
        self._runs[run_id] = RunView(
            run_id, kind, recipe.entity, "waiting", recipe, attack, parent, ()
        )
        work, given = (self._stand_in, (run_id, kept)) if kept else (self._work, (run_id,))
        threading.Thread(target=work, args=given, daemon=True).start()
        return run_id

    def _stand_in(self, run_id: str, kept: str) -> None:
        """Answer a run with a kept one, once the model is loaded."""
        while not self.status().ready:
            time.sleep(0.02)
        with self._lock:
            self._runs.pop(run_id)
            self._stand_ins[run_id] = kept

    def _work(self, run_id: str) -> None:
        with self._device:
            while self.steer.paused:
                time.sleep(0.02)
            self._change(run_id, state="running", started=time.time())
            view = self._runs[run_id]
            scripts = {"inspect": inspect, "unlearn": unlearn, "attack": attack}
            try:
                change = view.kind == "change"
                for event in (
                    self.menu.carry_out()
                    if change
                    else scripts[view.kind](view, self._stopped(run_id))
                ):
                    self._say(run_id, event)
                    while self._held(event) and run_id not in self._stop:
                        time.sleep(0.02)
                    time.sleep(self.pace)
            except LabError as error:
                self._change(run_id, state="failed", error=str(error), ended=time.time())
                return
            state = "stopped" if run_id in self._stop else "finished"
            self._change(run_id, state=state, ended=time.time())

    def _stopped(self, run_id: str) -> Callable[[], bool]:
        return lambda: run_id in self._stop

    def _held(self, event: Event) -> bool:
        return (
            isinstance(event, Step | Curve)
            and self.hold_at is not None
            and event.step >= self.hold_at
        )

    def _say(self, run_id: str, event: Event) -> None:
        self._change(run_id, events=self._runs[run_id].events + (event,))

    def _change(self, run_id: str, **changes) -> None:
        with self._lock:
            self._runs[run_id] = dataclasses.replace(self._runs[run_id], **changes)


def importance(share: float, seed: int = 1) -> Importance:
    """Synthetic neuron importance with a few loud neurons."""
    rng = np.random.default_rng(seed)
    forget = tuple(rng.gamma(2.0, 0.2, n).astype(np.float32) for n in SIZES)
    retain = tuple(rng.gamma(2.0, 0.2, n).astype(np.float32) for n in SIZES)
    score = tuple(f / (r + 1e-5) for f, r in zip(forget, retain, strict=True))
    flat = np.sort(np.concatenate(score))
    cut = flat[len(flat) - round(share * len(flat))] if round(share * len(flat)) else np.inf
    grid = np.linspace(-1, 1, 16)
    heat = np.exp(-3 * (grid[:, None] ** 2 + grid[None] ** 2)).astype(np.float32)
    return Importance(LAYERS, forget, retain, score, tuple(s >= cut for s in score), heat, (6, 60))


def glow() -> Glow:
    """A blot that moves with the share."""
    shares, grid = np.round(np.arange(0, 0.1001, 0.005), 4), np.linspace(-1, 1, 8)
    blots = [np.exp(-3 * ((grid[:, None] - s * 8) ** 2 + grid[None] ** 2)) for s in shares]
    return Glow(shares, np.array(blots, np.float32))


def neuron_fisher(seed: int = 3) -> NeuronFisher:
    """Synthetic Fishers of the neurons, and pictures of weights that follow them."""
    rng = np.random.default_rng(seed)
    mean = tuple(10 ** rng.normal(-0.2, 0.4, n).astype(np.float32) for n in SIZES)
    fill, mark = [], []
    for values in mean:
        columns = 10 * np.log10(values[: len(values) // 6 * 6].reshape(-1, 6)).mean(1) * 10
        cells = (columns + rng.normal(0, 20, (64, len(columns)))).round().clip(-300, 300)
        fill.append(cells.astype(np.int16))
        mark.append(np.broadcast_to(columns.round(), cells.shape).astype(np.int16))
    stops = np.round(np.logspace(-1, 1, 11), 4)
    maps = glow().maps[: len(stops)].transpose(0, 2, 1).copy()
    most = tuple(m * 4 for m in mean)
    inputs = (32,) * len(SIZES)
    return NeuronFisher(LAYERS, mean, most, mean, tuple(fill), tuple(mark), inputs, stops, maps)


def saliency(threshold: float) -> Saliency:
    """Synthetic Fisher histograms; the projector lacks four of the groups."""
    rng = np.random.default_rng(2)
    edges = np.linspace(-2, 2, 41)
    counts = np.zeros((5, 6, 40), dtype=np.int64)
    for layer in range(5):
        for group in range(6):
            if layer < 4 or group > 3:
                ratio = rng.normal(-0.5 + 0.1 * layer, 0.5, 20000)
                counts[layer, group] = np.histogram(np.clip(ratio, -1.99, 1.99), edges)[0]
    total = counts.sum(-1).astype(float)
    kept = counts[..., edges[:-1] >= np.log10(threshold) - 1e-9].sum(-1)
    with np.errstate(invalid="ignore"):
        density = kept / total
    mean = np.where(total > 0, 10 ** rng.normal(0, 0.3, (5, 6)), np.nan)
    share = float(kept.sum() / total.sum())
    return Saliency(
        LAYERS,
        GROUPS,
        edges,
        counts,
        mean,
        density,
        threshold,
        share,
        0.21,
        share / (2 - share),
        (32, 32),
        "mean gradient squared over views",
    )


def inspect(view: RunView, stopped) -> Iterator[Event]:
    """The events of an inspection."""
    for done in range(6):
        if stopped():
            return
        yield Phase("Neuron importance", done, 6)
    # the first person has neurons of their own, all others share theirs
    yield importance(view.recipe.prune_share, 2 if view.entity == "p00" else 1)
    yield glow()
    if view.recipe.mask_mode != "off":
        yield Phase("Fisher saliency", 1, 2)
        yield saliency(view.recipe.mask_threshold)
        yield neuron_fisher()
    yield Done("done", {})


def unlearn(view: RunView, stopped) -> Iterator[Event]:
    """The events of an unlearning run; seed 9999 fails half-way."""
    recipe = view.recipe
    yield importance(recipe.prune_share)
    yield saliency(recipe.mask_threshold)
    rng = np.random.default_rng(recipe.seed)
    reason, forget, done = "steps done", 1.0, 0
    for step in range(1, recipe.steps + 1):
        if stopped():
            reason = "stopped"
            break
        if recipe.seed == 9999 and step == 5:
            raise LabError("the loss became NaN at step 5: lower the learning rate")
        noise = rng.normal(0, 0.15)
        loss = 4 * (1 - np.exp(-step / 12)) + noise
        vkd = 0.02 + 0.01 * abs(noise)
        yield Step(
            step, recipe.steps, float(loss), math.nan, float(vkd), float(-loss + 10 * vkd), 0.05
        )
        done = step
        if step % recipe.probe_every == 0:
            forget = max(0.0, 1 - step / 24)
            yield Probe(step, forget, 0.99, 24, 48, 0.25)
    if done:
        yield Ready(0.05 * done)
    yield from scored(_result(view, done, reason, forget), stopped)


def scored(result: dict, stopped) -> Iterator[Event]:
    """What a run says after its training: the answers to one measure after another, and its end."""
    sizes = result["n"]
    total = sum(sizes.values())
    for k, (measure, n) in enumerate(sizes.items()):
        if stopped():
            yield Done("stopped", result | {"stopped_because": "stopped", "after": {}})
            return
        yield Phase("evaluate", sum(list(sizes.values())[:k]), total)
        said = [
            tuple(j < round(n * result[side][measure]) for j in range(n))
            for side in ("before", "after")
        ]
        yield Answers(measure, ("",) * n, said[0], ("",) * n, said[1], 0.25)
    yield Done(result["stopped_because"], result)


def _result(view: RunView, steps: int, reason: str, forget: float) -> dict:
    before = dict(zip(SCORES, (0.99, 0.98, 0.99, 0.98, 0.61), strict=True))
    return {
        "entity": view.entity,
        "method": "vkd",
        "seed": view.recipe.seed,
        "steps": steps,
        "stopped_because": reason,
        "before": before,
        "after": {**before, "forget_vqa": forget},
        "n": dict(zip(SCORES, (96, 48, 400, 200, 64), strict=True)),
        "chance": dict.fromkeys(SCORES, 0.25),
        "text_logits_identical": True,
        "base_unchanged": True,
        "pruned_neurons": 134,
        "mask_density": 0.18,
        "seconds": {
            "importance": 3.2,
            "fisher": 9.8,
            "train": 20.1,
            "evaluate": 9.0,
            "total": 42.1,
        },
        "peak_memory_mb": 1710.0,
        "trainable_share": 0.0125,
        "device": "cpu",
        "quantization": "gguf-q4",
    }
