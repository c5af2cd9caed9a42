"""Whatever visitors do at the same time, every run is what it would have been alone."""

from __future__ import annotations

import contextlib
import os
import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lab.attack import Relearned, attack
from lab.errors import LabError
from lab.model.overlay import LANGUAGE, tensors_hash, weights_hash
from lab.model.version import Version
from lab.recipe import AttackRecipe
from lab.serve.chat import side_features
from lab.serve.runs import left_hash
from lab.serve.views import ENDED, ORIGINAL, Turn
from tests.unit import tiny as make
from tests.unit.served import opened, until

SEEDS = int(os.environ.get("LAB_INTERLEAVINGS", "4"))
VISITORS, WORK, ROUNDS = 3, 8, 2
RECIPES = [
    make.recipe(entity=who, seed=seed, steps=2, lr=1e-2) for who in ("p0", "p1") for seed in (0, 1)
]
RECIPES.append(make.recipe(method="grad_diff", steps=2, adapter_lr=0.05, ascent_cap=20.0))
ATTACKS = [
    AttackRecipe(steps=2, batch=1, probe_every=2, lr=1e-2, scope=s) for s in ("vision", "both")
]


class Lone:
    """What each recipe, and each attack on it, leaves when nothing else is going on."""

    def __init__(self, model, people) -> None:
        self.model, self.people = model, people
        self.deltas = {r: make.run(model, people, r)[0].delta for r in RECIPES}
        self.hashes = {r: tensors_hash(d) for r, d in self.deltas.items()}
        self.after: dict[tuple, str] = {}
        for recipe, delta in self.deltas.items():
            for plan in ATTACKS:
                left = Relearned()
                scene = make.scene(model, people, delta, recipe.entity)
                list(attack(scene, plan, left, lambda: False))
                self.after[recipe, plan] = left_hash(left.delta, left.adapter)
        self._features: dict[tuple, torch.Tensor] = {}

    def features(self, recipe, image: bytes) -> torch.Tensor:
        """Of the original where ``recipe`` is None."""
        key = (recipe, image)
        if key not in self._features:
            side = Version("side", self.model, self.deltas[recipe] if recipe else {})
            self._features[key] = side_features([side], image)[0]
        return self._features[key]


@pytest.fixture(scope="module")
def lone(tiny, four) -> Lone:
    return Lone(tiny, four)


class Visitor(threading.Thread):
    """Does one thing after another, and notes every wrong weight it is handed."""

    def __init__(self, name: str, seed: str, engine, lone: Lone, known: dict) -> None:
        super().__init__(name=name, daemon=True)
        self.draw, self.engine, self.lone, self.known = random.Random(seed), engine, lone, known
        self.wrong: list[str] = []

    def run(self) -> None:
        acts = (
            self.submit,
            self.submit,
            self.chat,
            self.chat,
            self.export,
            self.load,
            self.attack,
            self.attack,
            self.look,
            self.stop,
        )
        try:
            for _ in range(WORK):
                with contextlib.suppress(LabError):  # too early, or too much at once
                    self.draw.choice(acts)()
        except BaseException as error:
            self.wrong.append(repr(error))

    def some(self) -> str:
        """A run that may or may not have ended."""
        return self.draw.choice([*self.known, "0" * 16])

    def submit(self) -> None:
        recipe = self.draw.choice(RECIPES)
        run_id = self.engine.submit(recipe, visitor=self.name)
        self.known[run_id] = recipe

    def attack(self) -> None:
        self.engine.submit_attack(self.some(), self.draw.choice(ATTACKS), visitor=self.name)

    def chat(self) -> None:
        image = self.draw.choice(self.lone.people.entities[0].test_images)
        list(self.engine.chat([ORIGINAL, self.some()], [Turn("Who is this?")], image, self.name))

    def export(self) -> None:
        run_id = self.some()
        self.check(self.engine.export(run_id), self.engine.run(run_id).recipe, run_id)

    def load(self) -> None:
        run_id = self.some()
        brought = self.engine.load(self.engine.export(run_id))
        self.known[brought] = self.engine.run(run_id).recipe
        self.check(self.engine.export(brought), self.known[brought], brought)

    def look(self) -> None:
        self.engine.run(self.some())
        self.engine.runs()

    def stop(self) -> None:
        if self.draw.random() < 0.2:
            self.engine.stop(self.some())

    def check(self, folder: Path, recipe, run_id: str) -> None:
        if self.engine.run(run_id).state == "finished":
            found = tensors_hash(load_file(folder / "delta.safetensors"))
            if found != self.lone.hashes[recipe]:
                self.wrong.append(f"{run_id}: the exported delta is not a lone run's")


def quiet(engine) -> None:
    """Wait until nothing is under way."""
    until(lambda: all(v.state in ENDED for v in engine.runs()))


def check_all(engine, lone: Lone, base_hash: str) -> int:
    """Every delta, every file and every remembered feature; how many were compared."""
    base, compared = engine._worker.ready().base, 0
    for run in engine.store.all():
        whole = [run, *([engine.store.get(run.parent)] if run.parent else [])]
        if any(r.state != "finished" for r in whole):  # what was stopped early is another version
            continue
        engine._shelf.whole(run, base)
        expected = (
            lone.after[run.recipe, run.attack] if run.kind == "attack" else lone.hashes[run.recipe]
        )
        assert left_hash(run.left(base), run.adapter) == expected == run.delta_hash, run.id
        folder = engine.export(run.parent or run.id)
        if run.kind == "attack":
            inside = folder / "attacks" / run.id
            over = {
                n.removeprefix(LANGUAGE): t
                for n, t in load_file(inside / "adapter.safetensors").items()
            }
            assert left_hash(load_file(inside / "delta.safetensors"), over) == expected
        else:
            assert tensors_hash(load_file(folder / "delta.safetensors")) == expected
        compared += 2
    compared += engine._worker.call(lambda bench: remembered(engine, lone))
    assert engine._worker.call(lambda bench: weights_hash(bench.loaded.model)) == base_hash
    return compared


def remembered(engine, lone: Lone) -> int:
    """Compare what chats remember of pictures; on the worker, whose memory it is."""
    from hashlib import sha256

    images = {sha256(i).hexdigest(): i for i in lone.people.entities[0].test_images}
    compared = 0
    runs = {r.id: r for r in engine.store.all() if r.state == "finished" and r.kind == "unlearn"}
    for talk in engine._room._last:
        name, picture = talk.about
        if name == ORIGINAL or name in runs:
            expected = lone.features(runs[name].recipe if name in runs else None, images[picture])
            assert torch.allclose(talk.features, expected, atol=1e-6), name
            compared += 1
    return compared


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_run_is_what_it_would_be_alone(
    seed: int, tiny, four, lone: Lone, tmp_path: Path, cache
) -> None:
    base_hash = weights_hash(tiny.model)
    known: dict = {}
    compared = 0
    for restart in range(ROUNDS):  # each round is an engine of its own over the same folder
        engine = opened(tiny, four, tmp_path / "runs")
        first = engine.submit(replace(RECIPES[seed % len(RECIPES)]), visitor="first")
        known[first] = RECIPES[seed % len(RECIPES)]
        people = [
            Visitor(f"v{k}", f"{seed}/{restart}/{k}", engine, lone, known) for k in range(VISITORS)
        ]
        for visitor in people:
            visitor.start()
        for visitor in people:
            visitor.join(300)
            assert visitor.wrong == []
        quiet(engine)
        compared += check_all(engine, lone, base_hash)
    assert compared > 10
