"""Every method: its loss by hand, and what must hold for all of them on the tiny model."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from lab import catalogue
from lab.attack import Relearned, attack
from lab.catalogue import TEXT_ONLY
from lab.errors import LabError
from lab.evaluation.asks import text_asks
from lab.evaluation.questions import choose, share
from lab.evaluation.scores import Baseline
from lab.events import Done, Probe, Step
from lab.model.adapter import language_linears
from lab.model.context import CONTEXT, context_of
from lab.model.overlay import (
    LANGUAGE,
    language_part,
    load_delta,
    overlay,
    save_delta,
    visual_part,
    weights_hash,
)
from lab.model.sequences import pack
from lab.model.sparse import to_delta, to_sparse
from lab.model.version import Version
from lab.recipe import AttackRecipe, Recipe, revise
from lab.serve.chat import answers
from lab.serve.views import Turn
from lab.unlearn import grad_ascent, grad_diff, kl_min, npo, vgid
from lab.unlearn.batches import Rows
from lab.unlearn.loop import inspect, tune
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from lab.unlearn.terms import divergence
from tests.unit import tiny as make

# Every method, and each part of the model that one may change; what it changes.
CASES = {
    "vkd": ({}, {"vision"}),
    "mmunlearner": ({"scope": "vision"}, {"vision"}),
    "mmunlearner-language": ({"scope": "language"}, {"language"}),
    "mmunlearner-both": ({"scope": "both"}, {"vision", "language"}),
    "vgid": ({}, {"language"}),
    "manu": ({}, {"vision", "language"}),
    "grad_ascent": ({}, {"language"}),
    "grad_diff": ({}, {"language"}),
    "kl_min": ({}, {"language"}),
    "npo": ({}, {"language"}),
    "undo": ({"undo_steps": 2}, {"vision"}),
    "vkd_sam": ({}, {"vision"}),
    "mudman": ({}, {"vision"}),
    "silence": ({}, {"vision"}),
    "silence-ahead": ({"silence_share": 0.5}, {"vision"}),
    "icu": ({"context": "noise"}, {"context"}),
    "icu-instruction": ({"context": "instruction"}, {"context"}),
}
SECOND = {"undo": 2}  # steps of a second training
UNTRAINED = ("manu", "icu", "icu-instruction")
EVERY = pytest.mark.parametrize("case", CASES)
TRAINED = pytest.mark.parametrize("case", [c for c in CASES if c not in UNTRAINED])


def plan(case: str, **changes: object):
    """A short run of a case; the adapter learns fast enough to be seen in three steps."""
    method = case.split("-")[0]
    return make.recipe(method=method, adapter_lr=0.05, ascent_cap=20.0, **CASES[case][0], **changes)


@pytest.fixture(scope="module")
def runs(tiny, four):
    """One whole run of every case, made once: (outcome, events) by case."""
    made: dict[str, tuple] = {}

    def run(case: str):
        if case not in made:
            made[case] = make.run(tiny, four, plan(case))
        return made[case]

    return run


def student_of(tiny, four, recipe) -> tuple[Student, Rows]:
    outcome = Outcome()
    list(inspect(tiny, task_of(four, recipe), outcome, lambda: False))
    student = Student(tiny, METHODS[recipe.method], recipe, outcome)
    return student, Rows(four, four.entities[0], recipe.seed)


# -- the table ------------------------------------------------------------------------------


def test_the_table_and_the_recipe_name_the_same_methods() -> None:
    assert (
        list(METHODS) == list(catalogue.METHODS) == [*dict.fromkeys(c.split("-")[0] for c in CASES)]
    )
    for name in METHODS:
        assert revise(Recipe(), {"method": name}).method == name


def test_methods_said_to_be_visual_are_so_whatever_the_recipe_and_no_other_is() -> None:
    scopes = [Recipe(scope=scope) for scope in ("vision", "language", "both")]
    assert catalogue.VISUAL_METHODS == tuple(
        name
        for name, method in METHODS.items()
        if method.losses is not None and all(method.trained(r) == ("vision",) for r in scopes)
    )


# -- losses by hand -------------------------------------------------------------------------


def test_gradient_ascent_by_hand() -> None:
    made = grad_ascent.losses(
        torch.tensor([1.0, 2.0, 9.0]), make.recipe(forget_weight=2.0, ascent_cap=4.0)
    )
    assert made.forget_term.item() == pytest.approx(-2 * (1 + 2) / 3)  # 9 is above the cap
    assert made.retain_term.item() == 0.0 and not made.retain_term.requires_grad
    assert made.forget_ce == pytest.approx(4.0) and math.isnan(made.retain_ce)


def test_gradient_difference_by_hand() -> None:
    made = grad_diff.losses(
        torch.tensor([1.0, 3.0]),
        torch.tensor([2.0, 4.0]),
        make.recipe(forget_weight=1.0, preserve_weight=0.5, ascent_cap=20.0),
    )
    assert made.total == pytest.approx(-2.0 + 0.5 * 3.0)
    assert (made.forget_ce, made.retain_ce) == (2.0, 3.0) and math.isnan(made.vkd)


def test_divergence_by_hand() -> None:
    teacher = torch.tensor([[0.5, 0.5], [0.9, 0.1]]).log()
    student = torch.tensor([[0.25, 0.75], [0.9, 0.1]]).log()
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert divergence(teacher, student).item() == pytest.approx(expected / 2)
    # the published call: F.kl_div(log student, teacher, batchmean)
    published = torch.nn.functional.kl_div(student, teacher.exp(), reduction="batchmean")
    assert divergence(teacher, student).item() == pytest.approx(published.item())


def test_kl_minimisation_by_hand() -> None:
    original, retain = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.2, 0.8]]).log()
    made = kl_min.losses(
        torch.tensor([2.0]),
        retain,
        original,
        torch.tensor([3.0]),
        make.recipe(forget_weight=1.0, preserve_weight=2.0, ascent_cap=20.0),
    )
    kl = 0.5 * math.log(0.5 / 0.2) + 0.5 * math.log(0.5 / 0.8)
    assert made.forget_term.item() == pytest.approx(-2.0)
    assert made.retain_term.item() == pytest.approx(2 * kl)
    assert (made.forget_ce, made.retain_ce) == (2.0, 3.0)


def test_negative_preference_by_hand() -> None:
    log_p, reference = torch.tensor([-1.0, -4.0]), torch.tensor([-2.0, -2.0])
    # -(2 / b) mean log sigmoid(-b (log p - log p_0)), differences 1 and -2, b = 0.5
    expected = 2 / 0.5 * (math.log(1 + math.exp(0.5)) + math.log(1 + math.exp(-1.0))) / 2
    assert npo.preference(log_p, reference, 0.5).item() == pytest.approx(expected)
    made = npo.losses(
        log_p,
        reference,
        torch.tensor([1.0]),
        torch.tensor([3.0]),
        make.recipe(forget_weight=2.0, preserve_weight=0.5, npo_beta=0.5),
    )
    assert made.total == pytest.approx(2 * expected + 1.5)


def test_negative_preference_tends_to_gradient_ascent() -> None:
    log_p = torch.tensor([-1.0, -3.0], requires_grad=True)
    npo.preference(log_p, torch.tensor([-1.5, -1.0]), 1e-4).backward()
    assert log_p.grad.tolist() == pytest.approx([0.5, 0.5], rel=1e-3)  # as of mean log p


def test_vgid_by_hand() -> None:
    a, b = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    made = vgid.losses(
        a,
        b,
        a,
        a,
        torch.tensor([1.0]),
        torch.tensor([2.0]),
        make.recipe(forget_weight=3.0, preserve_weight=1.0),
    )
    kl = 0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5)
    assert made.total == pytest.approx(3 * kl) and made.retain_term.item() == 0.0


def test_vgid_noise() -> None:
    pixels = torch.full((1, 3, 4, 4), 5.0)
    draw = torch.Generator().manual_seed(0)
    whole, half = vgid.noisy(pixels, 1.0, draw), vgid.noisy(pixels, 0.5, draw)
    assert 0 <= whole.min() and whole.max() < 1  # as rand_like: nothing of the picture is left
    assert 2.5 <= half.min() and half.max() < 3.0
    assert torch.equal(vgid.noisy(pixels, 0.0, draw), pixels)
    rows = vgid.instructed([(b"x", [("Who?", ["Ada"])])])
    assert rows == [(b"x", [(f"{vgid.INSTRUCTION} Who?", ["Ada"])])]


# -- losses as released, on the tiny model ---------------------------------------------------


def plain_cross_entropy(tiny, rows) -> list[float]:
    """Mean CE of every answer with transformers' own forward, a row at a time."""
    from lab.benchmarks.images import decode

    made = []
    for image, asked in rows:
        for question, (answer,) in asked:
            packed = pack(
                [tiny.prompter.tree(0, [(question, [answer])])], tiny.prompter.pad_id, tiny.device
            )
            n = len(tiny.prompter.answer(answer, 0).ids)
            labels = torch.full_like(packed.ids, -100)
            labels[:, -n:] = packed.ids[:, -n:]
            with torch.no_grad():
                out = tiny.model(
                    input_ids=packed.ids,
                    labels=labels,
                    pixel_values=tiny.prompter.pixels([decode(image)]),
                )
            made.append(float(out.loss))
    return made


@pytest.mark.parametrize("method", ["grad_ascent", "grad_diff", "kl_min", "npo", "mmunlearner"])
def test_the_first_step_is_the_published_formula(method: str, tiny, four) -> None:
    recipe = make.recipe(method=method, ascent_cap=20.0, forget_weight=0.7, preserve_weight=0.3)
    student, rows = student_of(tiny, four, recipe)
    drawn = student.method.draw(rows, recipe)
    forget = torch.tensor(plain_cross_entropy(tiny, drawn.forget)).mean().item()
    retain = (
        torch.tensor(plain_cross_entropy(tiny, drawn.retain)).mean().item() if drawn.retain else 0.0
    )
    expected = {
        "grad_ascent": -0.7 * forget,
        "kl_min": -0.7 * forget,  # the KL starts at 0
        "npo": 0.7 * 2 / recipe.npo_beta * math.log(2) + 0.3 * retain,
    }
    made = student.update(drawn)
    assert made.total == pytest.approx(expected.get(method, -0.7 * forget + 0.3 * retain), rel=1e-4)
    assert made.forget_ce == pytest.approx(forget, rel=1e-4)


def test_npo_asks_the_reference_once_for_every_answer(tiny, four, monkeypatch) -> None:
    recipe = make.recipe(method="npo", adapter_lr=0.05)
    student, rows = student_of(tiny, four, recipe)
    drawn = student.method.draw(rows, recipe)
    first = npo.reference_of(student, drawn)[0]
    student.update(drawn)
    monkeypatch.setattr(Student, "answers", None)  # asked again it would fail
    assert torch.equal(npo.reference_of(student, drawn)[0], first)


def test_vgid_teaches_what_the_original_says_of_noise(tiny, four) -> None:
    recipe = make.recipe(method="vgid")
    student, rows = student_of(tiny, four, recipe)
    drawn = student.method.draw(rows, recipe)
    blind, kept = student.method.teacher(student, drawn)
    pixels = torch.rand(
        (len(drawn.forget), 3, 28, 28), generator=torch.Generator().manual_seed(recipe.seed)
    )
    with torch.no_grad():
        expected = student.answers(vgid.instructed(drawn.forget), tiny.vision.features(pixels))
        seen = student.answers(drawn.forget)
    assert torch.allclose(blind, expected.log_probs, atol=1e-5)
    assert torch.equal(expected.packed.targets, seen.packed.targets)  # the same answer tokens
    student.noise.manual_seed(recipe.seed)  # the same noise once more
    made = student.update(drawn)
    assert made.total == pytest.approx(divergence(blind, seen.log_probs).item(), rel=1e-3)


# -- what must hold for every method ----------------------------------------------------------


@EVERY
def test_a_run_comes_to_its_end_and_says_what_it_changed(case: str, runs, tiny) -> None:
    outcome, events = runs(case)
    result, changes = events[-1].result, CASES[case][1]
    assert isinstance(events[-1], Done) and result["method"] == case.split("-")[0]
    assert set(result["changes"]) == changes
    steps = [e for e in events if isinstance(e, Step)]
    more = SECOND.get(case, 0)
    assert len(steps) == result["steps"] == (0 if case in UNTRAINED else 3 + more)
    assert [(e.step, e.steps) for e in steps] == [(k + 1, len(steps)) for k in range(len(steps))]
    assert all(math.isfinite(e.total) for e in steps)
    probed = [e.step for e in events if isinstance(e, Probe)]
    assert probed == ([] if case in UNTRAINED else [0, 2, 3] + [3 + more] * (more > 0))
    assert bool(context_of(outcome.delta)) == ("context" in changes)
    assert bool(visual_part(outcome.delta)) == ("vision" in changes)
    assert bool(language_part(outcome.delta)) == ("language" in changes)
    assert result["base_unchanged"] is True
    assert set(result["after"]) == set(result["before"]) == set(result["n"]) and result["after"]


@EVERY
def test_text_logits_are_identical_where_the_language_model_is_not_changed(
    case: str, runs, tiny, four
) -> None:
    outcome, events = runs(case)
    result, vision_alone = events[-1].result, CASES[case][1] == {"vision"}
    assert result["text_logits_identical"] is ("language" not in CASES[case][1])
    with Version("run", tiny, outcome.delta).on():
        after = share(choose(tiny, text_asks(four.entities[0])))
    assert result["after"]["forget_qa"] == after
    if vision_alone:
        assert result["text_answers_changed"] == 0.0
        assert all(result["after"][m] == result["before"][m] for m in TEXT_ONLY if m in result["n"])
    else:
        assert 0 <= result["text_answers_changed"] <= 1


@EVERY
def test_the_base_keeps_its_bits(case: str, runs, tiny) -> None:
    before = weights_hash(tiny.model)
    outcome, _ = runs(case)
    with overlay(tiny.model, outcome.delta):
        pass
    assert weights_hash(tiny.model) == before
    assert not any(m._forward_hooks for m in language_linears(tiny.model).values())


@EVERY
def test_a_saved_delta_lays_on_to_the_same_answers(
    case: str, runs, tiny, four, tmp_path: Path
) -> None:
    outcome, _ = runs(case)
    save_delta(outcome.delta, tmp_path / "delta.safetensors")
    loaded = load_delta(tmp_path / "delta.safetensors", tiny.base)
    unpacked = to_delta(to_sparse(outcome.delta, tiny.base.visual), tiny.base.visual)
    row = Rows(four, four.entities[0], 0).forget_batch(1)
    made = []
    for delta in (outcome.delta, loaded, unpacked):
        assert delta.keys() == outcome.delta.keys()
        assert all(torch.equal(t, outcome.delta[n]) for n, t in delta.items())
        with Version("run", tiny, delta).on(), torch.no_grad():
            made.append(logits(tiny, row))
    assert torch.equal(made[0], made[1]) and torch.equal(made[0], made[2])
    with torch.no_grad():
        assert not torch.equal(made[0], logits(tiny, row))


def logits(tiny, rows) -> torch.Tensor:
    from lab.benchmarks.images import decode
    from lab.model.sequences import target_distributions

    trees = [tiny.prompter.tree(k, asked) for k, (_, asked) in enumerate(rows)]
    packed = pack(trees, tiny.prompter.pad_id, tiny.device)
    pixels = tiny.prompter.pixels([decode(image) for image, _ in rows])
    return target_distributions(tiny.model, packed, tiny.vision.features(pixels))


@EVERY
def test_a_chat_gives_each_side_its_own_version(case: str, runs, tiny, four) -> None:
    outcome, _ = runs(case)
    image, turns = four.entities[0].train_images[0], [Turn("Who is this?")]
    sides = [Version("original", tiny), Version("run", tiny, outcome.delta)]
    alone = [[*answers([side], turns, image, 6)][-1][0] for side in sides]
    together = [*answers(sides, turns, image, 6)][-1]
    assert list(together) == alone


@TRAINED
def test_gradients_reach_everything_that_is_trained(case: str, tiny, four) -> None:
    recipe = plan(case, steps=2, mask_threshold=0.1)
    student, rows = student_of(tiny, four, recipe)
    for _ in range(2):  # a LoRA's A has no gradient before its B has moved
        student.update(student.method.draw(rows, recipe))
    still = [n for n, w in student.weights.items() if torch.equal(w, student.start[n])]
    assert not still


@TRAINED
def test_no_number_ends_with_the_last_good_delta(case: str, monkeypatch, tiny, four) -> None:
    recipe, outcome, calls = plan(case), Outcome(), []
    list(inspect(tiny, task_of(four, recipe), outcome, lambda: False))
    own = Student.update

    def update(self, drawn):
        calls.append(1)
        if len(calls) == 3:  # the student's weights break after two good steps
            with torch.no_grad():
                next(iter(self.weights.values())).fill_(math.nan)
        return own(self, drawn)

    monkeypatch.setattr(Student, "update", update)
    before, good = weights_hash(tiny.model), {}
    with pytest.raises(LabError, match="no longer a number"):
        for event in tune(tiny, task_of(four, recipe), Baseline(tiny), outcome, lambda: False):
            if isinstance(event, Step):
                good = {n: t.clone() for n, t in outcome.delta.items()}
    assert outcome.steps == 2 and all(torch.equal(t, good[n]) for n, t in outcome.delta.items())
    assert all(torch.isfinite(t).all() for t in outcome.delta.values())
    assert weights_hash(tiny.model) == before


@pytest.mark.parametrize("case", ["grad_diff", "manu", "mmunlearner-both", "icu"])
def test_an_attack_starts_from_the_whole_delta(case: str, runs, tiny, four) -> None:
    outcome, events = runs(case)
    relearned = Relearned()
    *_, done = attack(
        make.scene(tiny, four, outcome.delta),
        AttackRecipe(steps=2, lr=1e-3, batch=1, scope="both"),
        relearned,
        lambda: False,
    )
    assert done.result["before"] == events[-1].result["after"]["forget_vqa"]
    ours = {n: t for n, t in relearned.delta.items() if n.startswith((LANGUAGE, CONTEXT))}
    assert ours and all(torch.equal(t, outcome.delta[n]) for n, t in ours.items())
    assert relearned.adapter


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("layers.0.mlp.up_proj.A", (4, 31)),
        ("layers.0.mlp.up_proj.A", (4,)),
        ("layers.9.mlp.up_proj.A", (4, 32)),
        ("layers.0.mlp.up_proj.weight", (64, 32)),
        ("layers.0.mlp.up_proj.keep", (64,)),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(name: str, shape, tiny, tmp_path: Path) -> None:
    save_delta(
        {
            f"{LANGUAGE}{name}": torch.zeros(shape),
            f"{LANGUAGE}layers.0.mlp.up_proj.B": torch.zeros(64, 4),
        },
        tmp_path / "delta.safetensors",
    )
    with pytest.raises(LabError, match="does not fit the loaded model's language"):
        load_delta(tmp_path / "delta.safetensors", tiny.base)
