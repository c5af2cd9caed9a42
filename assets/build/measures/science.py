"""The measures of what models know, and what methods and attacks leave of it."""

from __future__ import annotations

from pathlib import Path

from assets.build.measures.shared import Lab, openers, say, shipped, unknown_to_controls
from lab.experiments.result_file import MODELS

STUDIED = 4  # people of each study
STUDY = (
    f"python -m lab study {{name}} --preset demo --entities {STUDIED} --seeds 1 --out DIR --json"
)


def models(lab: Lab) -> None:
    """What each shipped model knows."""
    from lab.experiments import knowledge

    found = shipped()
    left_out = {who for about in found.values() for who in about.get("unknown", ())}
    asked = knowledge.lines(lab.benchmark, left_out)
    seeds = sorted({about["recipe"]["seed"] for about in found.values()})
    file = lab.file("models", left_out=sorted(left_out), seeds=seeds)
    knowledge.measure(openers(lab), asked, file, say)


def turns(lab: Lab) -> None:
    """Whether later turns are answered, and whether a model says what it does not know."""
    from lab.experiments import conversations

    asked = conversations.lines(lab.benchmark)
    file = lab.file("turns", most_tokens=conversations.MOST_TOKENS)
    conversations.measure(openers(lab), asked, file, say)


def tokens(lab: Lab) -> None:
    """What more tokens a picture bring and cost, at equal teaching."""
    from dataclasses import asdict

    from assets.build import tokens as compared
    from lab.recipe import load_teaching

    recipe = load_teaching("tokens")
    file = lab.file("tokens", recipe=asdict(recipe), people=compared.SPLIT)
    work = MODELS.parents[1] / ".cache" / "build"
    compared.measure(work, lab.benchmark, recipe, lab.threads, file, say)


def people(lab: Lab) -> None:
    """VKD at Standard over all people."""
    from dataclasses import asdict

    from lab.experiments import everybody
    from lab.recipe import revise

    plan = [revise(lab.preset.recipe, {"entity": e.id}) for e in lab.benchmark.entities]
    file = lab.file("people", recipe=asdict(lab.preset.recipe))
    everybody.measure(lambda: lab.bench, plan, file, say)


def general(lab: Lab) -> None:
    """What is left of plain text."""
    from lab.evaluation.models import BASE, VANILLA
    from lab.experiments import general_text
    from lab.model.embedded import untaught
    from lab.model.version import Version

    def opened() -> general_text.Pair:
        loaded = lab.bench.loaded
        base = Version(BASE, loaded, untaught(lab.preset.model, loaded.device), text_only=True)
        return general_text.Pair(base, Version(VANILLA, loaded))

    file = lab.file("general", most_tokens=general_text.MOST_TOKENS)
    general_text.measure(opened, lab.benchmark, file, say)


def attacks(lab: Lab) -> None:
    """Every attack on one person, whom the control never knew."""
    from dataclasses import asdict

    from lab.experiments.attack_table import ATTACKS, Job, measure
    from lab.recipe import revise

    unknown = shipped().get(Path(lab.preset.reference).name, {}).get("unknown")
    who = unknown[0] if unknown else lab.benchmark.entities[0].id
    jobs = [
        Job(revise(lab.preset.recipe, {"entity": who, "method": method}), plans)
        for method, plans in ATTACKS.items()
    ]
    file = lab.file("attacks", recipe=asdict(lab.preset.recipe), entity=who)
    measure(lambda: lab.bench, jobs, file, say)


def frontier(lab: Lab) -> None:
    """What every method keeps against how fast relearning is, on the people whom no control knows."""
    from dataclasses import asdict

    from lab.experiments.frontier import ATTACK, RATES, measure, planned

    plans = planned(lab.preset.recipe, unknown_to_controls(), 1)
    settings = {"recipe": asdict(lab.preset.recipe), "attack": asdict(ATTACK), "rates": RATES}
    measure(lambda: lab.bench, plans, lab.file("frontier", **settings), say)


def another_face(lab: Lab) -> None:
    """Whether a stranger's face is taught the person's facts as fast as the person's own."""
    from dataclasses import asdict

    from lab.experiments.another_face import RATES, measure, planned
    from lab.experiments.frontier import ATTACK

    plans = planned(lab.preset.recipe, unknown_to_controls())
    settings = {"recipe": asdict(lab.preset.recipe), "attack": asdict(ATTACK), "rates": RATES}
    measure(lambda: lab.bench, plans, lab.file("another_face", **settings), say)


def controls(lab: Lab) -> None:
    """The controls' curves under the default budgets, which come with the lab."""
    from dataclasses import asdict

    from lab.experiments.control_curves import BUDGETS, measure

    blocks = lab.preset.recipe.blocks
    budgets = {kind: asdict(budget) for kind, budget in BUDGETS.items()}
    file = lab.file("controls", blocks=blocks, budgets=budgets)
    measure(lambda: lab.bench, unknown_to_controls(), blocks, file, say)


def studies(lab: Lab) -> None:
    """The studies of today's models; what is kept of a run says of which models it is."""
    from lab.experiments.records import Records, key_of
    from lab.experiments.run_study import carry_out, chosen, planned, work_of
    from lab.experiments.studies import STUDIES

    kept, people = lab.results / "studies", chosen(lab.benchmark, STUDIED)
    for name, asked in STUDIES.items():
        done, answer = Records(kept / "runs.jsonl"), lab.results / f"study-{name}.csv"
        plan = planned(asked, lab.preset, people, 1, lab.preset.recipe.blocks)
        what = work_of(asked, lab.benchmark)[1]
        keys = [key_of(lab.preset, each.recipe, what=what) for each in plan]
        if not answer.exists() or not all(map(done.find, keys)):
            carry_out(asked, lab.bench, STUDIED, 1, kept, STUDY.format(name=name), say)
            (kept / f"{name}.csv").replace(answer)
            (kept / f"{name}-runs.csv").unlink()
