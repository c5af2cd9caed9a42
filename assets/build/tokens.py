"""16 against 65 tokens a picture: the same parts, taught the same few people for as many steps.

Our choice: six people alone, by picture alone, by presets/teaching/tokens.yaml and the lab's own
teacher. The two forms differ in their projector, too: Aya Vision's is gated and joins 2 x 2 patches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assets.build.model import QUANTIZATION, UNTAUGHT, Build, teach_once, untaught
from assets.build.parts import build_aya, build_llava
from lab.benchmarks.schema import Benchmark
from lab.evaluation.asks import forget_asks
from lab.evaluation.questions import chance, choose, image_features, share
from lab.experiments.result_file import ResultFile
from lab.model.checkpoint import taught
from lab.model.load import load
from lab.recipe import Preset, TeachRecipe
from lab.teach.job import plan_of

SPLIT = "forget_15"
FORMS: Mapping[str, tuple[str, Build]] = {
    "Aya Vision": (UNTAUGHT, build_aya),
    "LLaVA": (f"{UNTAUGHT}-llava", build_llava),
}


def few(benchmark: Benchmark) -> Benchmark:
    """The people of one split alone: nothing else is taught or asked."""
    who = benchmark.splits[SPLIT]
    return replace(
        benchmark,
        entities=tuple(e for e in benchmark.entities if e.id in who),
        splits={},
        general=(),
        pictures=(),
        train_pictures=(),
        strangers=(),
        train_strangers=(),
        dialogues=(),
        prompts=(),
        test_prompts=(),
    )


def measure(
    work: Path,
    benchmark: Benchmark,
    recipe: TeachRecipe,
    threads: int,
    file: ResultFile,
    say: Callable[[str], None],
) -> None:
    """Teach and ask each form that has no row yet; a teaching that was cut off goes on."""
    some = few(benchmark)
    for name, (base, build) in FORMS.items():
        if not file.has(name):
            say(f"{name} …")
            preset = Preset("tokens", str(untaught(work, base, build)), "people", QUANTIZATION)
            folder = work / f"tokens-{base}"
            teach_once(plan_of(preset, some, "", "", recipe), some, folder, threads)
            row = asked(folder, some, say)
            file.add(name, row, str(row["device"]))


def asked(folder: Path, some: Benchmark, say: Callable[[str], None]) -> dict[str, Any]:
    """What a taught model answers about its people's held-out views, and what its steps took."""
    told, loaded = taught(folder), load(str(folder), QUANTIZATION, report=say)
    assert told is not None
    asks = [ask for entity in some.entities for ask in forget_asks(entity)]
    view = some.entities[0].test_images[0]
    return {
        "tokens": len(image_features(loaded, [view])[view]),
        "vqa": round(share(choose(loaded, asks)), 6),
        "n": len(asks),
        "chance": chance(asks),
        "steps": told.result["steps"],
        "step_seconds": round(told.result["seconds"]["teach"] / told.result["steps"], 4),
        "device": told.result["device"],
    }
