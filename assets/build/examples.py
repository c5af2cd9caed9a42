"""Record the examples that the page shows first: python -m assets.build.examples --entity ID

One run and one attack for each visual method, each in assets/examples/METHOD. A method that has its
folder already is left alone, so a command that was cut off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import datetime
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from lab.catalogue import VISUAL_METHODS
from lab.cli.common import typed
from lab.errors import LabError
from lab.events import Phase
from lab.recipe import load_preset, revise
from lab.serve.engine import Engine
from lab.serve.local import LocalEngine
from lab.serve.recorded import EXAMPLES, RELEARNED, UNLEARNED, Record, write_example
from lab.serve.views import ORIGINAL, Asked, RunView, Turn

VISITOR = "example"
LOOK_SECONDS = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="demo")
    parser.add_argument("--entity", required=True, help="the id of the person")
    parser.add_argument("--methods", nargs="+", default=VISUAL_METHODS)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="recipe changes")
    parser.add_argument("--attack", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, default=EXAMPLES)
    options = parser.parse_args()
    missing = [m for m in options.methods if not (options.out / m).is_dir()]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as runs:
        engine = LocalEngine(load_preset(options.preset), runs=Path(runs))
        for method in missing:
            changes = {"entity": options.entity, "method": method, **typed(options.set)}
            record(engine, options.out / method, changes, typed(options.attack))
            print(f"recorded {options.out / method}", flush=True)


def record(engine: Engine, folder: Path, changes: dict, attack_changes: dict) -> None:
    """Run one method and one attack, ask everything that the page can show, and write it down."""
    recipe = revise(engine.preset.recipe, changes)
    plan = revise(engine.preset.attack, attack_changes)
    looked = ended(engine, engine.submit(revise(recipe, {"method": "vkd"}), "inspect", VISITOR))
    run = ended(engine, engine.submit(recipe, "unlearn", VISITOR))
    attacked = ended(engine, engine.submit_attack(run.id, plan, VISITOR))
    card = next(card for card in engine.entities() if card.id == recipe.entity)
    view = len(card.views) - 1  # held out
    sides = [ORIGINAL, run.id, attacked.id]
    who = {run.id: UNLEARNED, attacked.id: RELEARNED}
    talk = [
        Asked(
            question,
            pictured,
            said(engine, sides, question, card.views[view] if pictured else None),
        )
        for pictured in (True, False)
        for question in engine.suggestions(recipe.entity, pictured)
    ]
    for look in (engine.inside.left, engine.inside.where):
        list(look(run.id, VISITOR))  # kept in the run's folder, and recorded with it
    write_example(
        folder,
        engine.export(run.id),
        [e for e in looked.events if not isinstance(e, Phase)],
        plan,
        attacked.events,
        Record(
            engine.preset.name,
            datetime.date.today().isoformat(),
            machine(engine),
            view,
            (looked.ended - looked.started, attacked.ended - attacked.started),
            talk,
            engine.probes(sides, recipe.entity, VISITOR),
            [
                replace(curve, who=who.get(curve.who, curve.who))
                for curve in engine.identity(sides, recipe.entity, VISITOR)
            ],
        ),
    )


def said(engine: Engine, sides: list[str], question: str, image: bytes | None) -> tuple[str, ...]:
    """The whole answers of the sides to one question, each in a fresh conversation."""
    *_, last = engine.chat(sides, [Turn(question)], image, VISITOR)
    return last


def ended(engine: Engine, run_id: str) -> RunView:
    """Wait for a run's end; raises ``LabError`` where it failed or was stopped."""
    while (view := engine.run(run_id)).state in ("waiting", "running"):
        time.sleep(LOOK_SECONDS)
    if view.state != "finished":
        raise LabError(f"the {view.kind} of {view.entity} {view.state}: {view.error}")
    return view


def machine(engine: Engine) -> str:
    """The device and its cores, as the examples name the machine."""
    device = engine.status().device
    return f"{os.cpu_count()} CPU cores" if device == "cpu" else device


if __name__ == "__main__":
    main()
