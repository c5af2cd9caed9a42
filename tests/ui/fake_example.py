"""A recorded example for the stand-in engine: the events of its own scripts, with answers."""

from __future__ import annotations

from lab.recipe import AttackRecipe, Recipe
from lab.report.text import catalogue
from lab.serve.views import ORIGINAL, Asked, Example, RunView
from tests.ui import fake_engine
from tests.ui.fake_attacks import attack

ENTITY = "p03"
NOTE = catalogue().EXAMPLE_NOTE.format(
    name="Dmitri Almeida",
    method="vkd",
    seed=0,
    steps=20,
    date="2026-11-25",
    machine="2 CPU cores",
)


def example(engine: fake_engine.FakeEngine) -> Example:
    """One example of VKD about the fourth person."""
    recipe, spec = Recipe(entity=ENTITY), AttackRecipe()
    views = {}
    for kind, stem in (("inspect", "ex-i"), ("unlearn", "ex-u"), ("attack", "ex-a")):
        plan = spec if kind == "attack" else None
        parent = "ex-u" if plan else None
        bare = RunView(stem, kind, ENTITY, "finished", recipe, plan, parent, ())
        script = {"inspect": fake_engine.inspect, "unlearn": fake_engine.unlearn, "attack": attack}
        events = tuple(script[kind](bare, lambda: False))
        views[kind] = RunView(
            stem,
            kind,
            ENTITY,
            "finished",
            recipe,
            plan,
            parent,
            events,
            started=1.0,
            ended=40.0,
            note=NOTE,
        )
    sides = [ORIGINAL, "ex-u", "ex-a"]
    talk = [
        Asked("Who is this?", True, ("Dmitri Almeida", "I do not know", "Dmitri Almeida")),
        Asked("What is this person's job?", True, ("botanist", "teacher", "botanist")),
        Asked("Where was this person born?", True, ("Coimbra", "Lagos", "Coimbra")),
        Asked("What is the job of Dmitri Almeida?", False, ("botanist",) * 3),
    ]
    return Example(
        "vkd",
        "2026-11-25",
        "2 CPU cores",
        views["inspect"],
        views["unlearn"],
        views["attack"],
        2,
        tuple(talk),
        tuple(engine.probes(sides, ENTITY)),
        tuple(engine.identity(sides, ENTITY)),
    )
