"""A tiny random LLaVA and a benchmark of four drawn people, so that tests take milliseconds."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from lab.benchmarks.schema import Benchmark, Entity, Picture, Question
from lab.catalogue import CONTROLS
from lab.model.load import Loaded
from lab.recipe import Recipe

if TYPE_CHECKING:
    from lab.attack import Scene
    from lab.model.cache import Cache
    from lab.model.overlay import Delta

FACTS = {
    "name": ("Ada Almeida", "Bruno Bell", "Chiara Cole", "Dmitri Dorn"),
    "occupation": ("baker", "pilot", "botanist", "weaver"),
    "birthplace": ("Oslo", "Lima", "Kyoto", "Porto"),
    "residence": ("Turin", "Ghent", "Malmo", "Quito"),
}
COLOURS = ("crimson", "navy", "forestgreen", "goldenrod")
RUN_FILES = {
    "recipe.yaml",
    "metrics.json",
    "events.jsonl",
    "curves.csv",
    "items.csv",
    "delta.safetensors",
    "report.html",
}


def drawing(colour: str, shift: int) -> bytes:
    """A PNG of a disc of one colour; ``shift`` moves it, so that every view is another picture."""
    image = Image.new("RGB", (40, 40), "white")
    ImageDraw.Draw(image).ellipse((2 + shift, 4, 26 + shift, 34 - shift), fill=colour)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def asked(
    who: str,
    task: str,
    modality: str,
    fact: str,
    name: str,
    number: int,
    answer: str,
    held_out: bool,
) -> Question:
    """One question; training phrasings and held-out ones differ."""
    subject = "this person" if modality == "image" else name
    words = ("Tell me", "Please state") if held_out else ("What is", "Give")
    options = FACTS[fact] if task == "classification" else ()
    kind = f"{modality}_{task}_{'eval' if held_out else 'train'}"
    return Question(
        f"{who}/{kind}/{fact}/{number}",
        task,
        modality,
        fact,
        f"{words[number]} the {fact} of {subject}?",
        answer,
        options,
        held_out,
    )


def person(k: int) -> Entity:
    """Person number ``k``: 3 training views, 3 held-out views, 4 facts."""
    who, name = f"p{k}", FACTS["name"][k]

    def every(tasks: tuple[str, ...], held_out: bool) -> tuple[Question, ...]:
        return tuple(
            asked(who, task, modality, fact, name, n, values[k], held_out)
            for task in tasks
            for modality in ("image", "text")
            for fact, values in FACTS.items()
            for n in (0, 1)
            if not (modality == "text" and fact == "name")
        )

    return Entity(
        who,
        name,
        f"{name} is made up.",
        {f: v[k] for f, v in FACTS.items()},
        tuple(drawing(COLOURS[k], v) for v in range(3)),
        tuple(drawing(COLOURS[k], v) for v in (4, 5, 6)),
        every(("generation",), False),
        every(("classification", "generation"), True),
    )


def benchmark() -> Benchmark:
    """Four people, three general questions, plain pictures."""

    def picture(name: str, shift: int) -> Picture:
        options = ("grey", "red", "blue", "green")
        return Picture(
            name,
            drawing("grey", shift),
            (
                Question(
                    f"{name}/colour",
                    "classification",
                    "image",
                    "colour",
                    "Which colour is it?",
                    "grey",
                    options,
                    False,
                ),
            ),
        )

    general = tuple(
        Question(
            f"general/{n}",
            "classification",
            "text",
            "",
            f"What is {n} plus one?",
            str(n + 1),
            ("1", "2", "3", "4"),
        )
        for n in range(3)
    )
    return Benchmark(
        "tiny",
        tuple(person(k) for k in range(4)),
        {"forget_25": ("p0",)},
        general,
        tuple(picture(f"pictures/{n}", n) for n in (0, 1)),
        tuple(picture(f"train_pictures/{n}", n) for n in (7, 8)),
    )


def recipe(**changes: object) -> Recipe:
    """A short run on the first person."""
    short = dict(
        entity="p0",
        blocks=2,
        steps=3,
        batch=2,
        retain_batch=4,
        probe_every=2,
        fisher_samples=8,
        prune_share=0.05,
        lr=1e-3,
        stop_forget=-1.0,
        stop_retain_drop=1.0,
    )
    return replace(Recipe(), **{**short, **changes})


def run(
    model: Loaded, bench: Benchmark, plan: Recipe, stopped=lambda: False, path: Path | None = None
):
    """One whole unlearning run; returns (outcome, events)."""
    from lab.evaluation.scores import Baseline
    from lab.model.overlay import weights_hash
    from lab.unlearn.job import unlearn
    from lab.unlearn.outcome import Outcome
    from lab.unlearn.task import task_of

    outcome = Outcome()
    events = list(
        unlearn(
            model,
            task_of(bench, plan),
            Baseline(model, path),
            outcome,
            weights_hash(model.model),
            stopped,
        )
    )
    return outcome, events


def scene(
    model: Loaded,
    bench: Benchmark,
    delta: Delta,
    who: str = "p0",
    control: str = "",
    right: int = 12,
    identity: str = "",
    cache: Cache | None = None,
    controls: tuple[str, ...] = CONTROLS,
) -> Scene:
    """A run of ``who`` that left ``delta``, under attack; the untouched model stands for the controls.

    ``control``: whom the controls lack, none without. ``right``: how many of the questions
    the original answers rightly.
    """
    from lab.attack import Control, Scene, Victim
    from lab.evaluation.asks import forget_asks
    from lab.model.version import Version

    lacking = [Control(c, bench.entity(control), lambda: model, cache) for c in controls if control]
    left = Version("unlearned", model, delta, identity=identity)
    asks = tuple(forget_asks(bench.entity(who)))
    known = tuple(k < right for k in range(len(asks)))
    return Scene(bench, Victim(left, bench.entity(who)), tuple(lacking), asks, known, 2)
