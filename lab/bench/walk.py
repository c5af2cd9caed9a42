"""One visitor's walk through an engine, timed; run as a script, in this checkout or an earlier one.

It uses nothing of the lab but the engine's doors, which earlier commits have too, and prints one JSON
object of seconds. ``python walk.py steps ENTITY`` looks inside, forgets and attacks;
``python walk.py answers ENTITY`` reads answers of a fixed length.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

ENDED = ("finished", "stopped", "failed")
CHECKED_SECONDS = 0.02
QUESTION = "Describe this picture."
ORIGINAL = "original"  # the side of the original model, in every commit


def opened() -> Any:
    """The engine of the demo with its model loaded."""
    from lab.recipe import load_preset
    from lab.serve.local import LocalEngine

    engine = LocalEngine(load_preset("demo"), report=lambda text: print(text, file=sys.stderr))
    until(lambda: engine.status().ready or engine.status().error)
    return engine


def until(there: Callable[[], Any]) -> float:
    """Wait for something; returns the seconds it took."""
    started = time.perf_counter()
    while not there():
        time.sleep(CHECKED_SECONDS)
    return time.perf_counter() - started


def ended(engine: Any, run: str) -> float:
    """Wait for a run's end; returns the seconds. Raises ``SystemExit`` where it failed."""
    seconds = until(lambda: engine.run(run).state in ENDED)
    if engine.run(run).state != "finished":
        raise SystemExit(f"a run did not finish: {engine.run(run).error}")
    return seconds


def steps(entity: str) -> dict[str, float]:
    """Seconds of the steps as a visitor takes them, each waited for before the next is begun.

    ``chat_ready``: from the click to the first moment a chat with the run's last weights can be
    answered; an earlier commit has no such event and is ready at the run's end. ``scorecard``: what
    the run itself says of its scores. ``attack`` comes twice, because its control may be kept.
    """
    from lab.recipe import AttackRecipe

    engine = opened()
    recipe = replace(engine.preset.recipe, entity=entity)
    seconds = {"inside": ended(engine, engine.submit(recipe, "inspect"))}
    run = engine.submit(recipe)
    seconds["chat_ready"] = until(lambda: ready(engine.run(run)))
    ended(engine, run)
    seconds["scorecard"] = engine.run(run).events[-1].result["seconds"]["evaluate"]
    for name in ("attack", "attack_again"):
        seconds[name] = ended(engine, engine.submit_attack(run, AttackRecipe()))
    return seconds


def ready(run: Any) -> bool:
    """Whether a run's last weights can be chatted with."""
    return run.state in ENDED or any(type(e).__name__ == "Ready" for e in run.events)


def turn_type() -> Any:
    """The class of a chat's turns, which an earlier commit has beside the engine's protocol."""
    today = "lab.serve.views"
    there = importlib.util.find_spec(today) is not None
    return importlib.import_module(today if there else "lab.serve.engine").Turn


def answers(entity: str) -> dict[str, float]:
    """Seconds of one answer and of two beside each other, and the tokens of each.

    Every answer is as long as the lab allows, because the model's end token counts as any other.
    Each is asked about another picture, after one that is not timed, so that nothing is remembered.
    """
    from lab.model.prompts import Prompter

    turn = turn_type()
    plain = Prompter.__init__

    def endless(self: Any, *given: Any) -> None:
        plain(self, *given)
        self.end_id = -1

    Prompter.__init__ = endless  # type: ignore[method-assign,assignment]
    engine, seconds = opened(), {"tokens": 0.0}
    others = [card.portrait for card in engine.entities() if card.id != entity]
    for name, sides, image in (
        ("warm_up", [ORIGINAL] * 2, others[0]),
        ("one_answer", [ORIGINAL], others[1]),
        ("both_answers", [ORIGINAL] * 2, others[2]),
    ):
        started = time.perf_counter()
        seconds["tokens"] = sum(1 for _ in engine.chat(sides, [turn(QUESTION)], image))
        seconds[name] = time.perf_counter() - started
    return seconds


if __name__ == "__main__":
    print(json.dumps({"steps": steps, "answers": answers}[sys.argv[1]](sys.argv[2])), flush=True)
