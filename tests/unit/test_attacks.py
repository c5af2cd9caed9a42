"""The attacks: whose rows they train on, what they ask, what they leave, and what they print."""

from __future__ import annotations

import dataclasses
import json
import math
import random
from dataclasses import replace

import pytest
import torch

from lab.attack import (
    Attacker,
    Relearned,
    Scene,
    Victim,
    attack,
    attacker_rows,
    benign,
    facts,
    lesson,
    prompts,
    quantize,
)
from lab.attack.bars import AS_IS, result
from lab.benchmarks.images import decode
from lab.benchmarks.schema import Question
from lab.catalogue import ATTACKS, CONTROLS, TRAINING_ATTACKS
from lab.errors import LabError
from lab.evaluation.asks import forget_asks, name_asks
from lab.evaluation.questions import Ask, choose, of_the_right
from lab.events import Bar, Curve, Done
from lab.events.lines import plain
from lab.model.adapter import adapted, new_adapter
from lab.model.overlay import overlay, weights_hash
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.model.version import Version
from lab.recipe import AttackRecipe
from tests.unit import tiny as make

PLAN = AttackRecipe(share=0.5, steps=3, lr=1e-3, batch=6, probe_every=3)
BARS = tuple(k for k in ATTACKS if k not in TRAINING_ATTACKS)


@pytest.fixture(scope="module")
def delta(tiny, four):
    """What a short run on the first person leaves."""
    return make.run(tiny, four, make.recipe(steps=2))[0].delta


def plain_updates(loaded, delta, plan: AttackRecipe, rows) -> tuple[dict, list[float]]:
    """The same training the plain way: every drawn row by itself, the whole tower on every step."""
    rng = random.Random(f"order/{plan.seed}")
    named = {
        "vision": loaded.vision.trainable(2),
        "both": loaded.vision.trainable(2),
        "projector": [n for n in loaded.vision.trainable(2) if "multi_modal_projector" in n],
        "language": (),
    }[plan.scope]
    weights = {n: torch.nn.Parameter(delta[n].clone()) for n in named}
    adapted_too = plan.scope in ("language", "both")
    adapter = new_adapter(loaded.model, 8, plan.seed) if adapted_too else {}
    trained = [*weights.values(), *adapter.values()]
    optimizer, losses = torch.optim.AdamW(trained, lr=plan.lr, weight_decay=0.0), []
    for _ in range(plan.steps):
        drawn = [rng.choice(rows) for _ in range(plan.batch)]
        pixels = loaded.prompter.pixels([decode(i) for i, _, _ in drawn])
        trees = [loaded.prompter.tree(k, [(q, [a])]) for k, (_, q, a) in enumerate(drawn)]
        packed = pack(trees, loaded.prompter.pad_id, loaded.device)
        optimizer.zero_grad()
        with (
            overlay(loaded.model, {**delta, **weights}),
            adapted(loaded.model, adapter),
            torch.enable_grad(),
        ):
            features = loaded.vision.features(pixels)
            loss = -segment_means(target_log_probs(loaded.model, packed, features), packed).mean()
            loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    return weights | adapter, losses


def made_of(tiny, four, delta, plan: AttackRecipe) -> Attacker:
    victim = Victim(Version("unlearned", tiny, delta), four.entities[0])
    return Attacker(victim, plan, 2, lesson(four, victim.entity, plan))


@pytest.mark.parametrize("scope", ["vision", "projector", "language", "both"])
def test_a_cheap_step_is_the_plain_step(scope: str, tiny, four, delta) -> None:
    plan = replace(PLAN, scope=scope, share=0.15)  # 4 rows and 6 draws: some come twice
    rows = attacker_rows(four.entities[0], plan)
    expected, losses = plain_updates(tiny, delta, plan, rows)
    attacker = made_of(tiny, four, delta, plan)
    assert [attacker.update() for _ in range(plan.steps)] == pytest.approx(losses, rel=1e-4)
    made = attacker.weights | attacker.adapter
    assert made.keys() == expected.keys()
    for name, tensor in made.items():  # Adam's first steps are near lr whatever the gradient's size
        assert torch.allclose(tensor, expected[name], atol=1e-4), name


def test_every_picture_passes_the_frozen_part_once(tiny, four, delta, monkeypatch) -> None:
    seen: list[int] = []
    own = type(tiny.vision).stem
    monkeypatch.setattr(
        type(tiny.vision),
        "stem",
        lambda self, pixels, blocks: (seen.append(len(pixels)), own(self, pixels, blocks))[1],
    )
    plan = replace(PLAN, share=1.0)
    attacker = made_of(tiny, four, delta, plan)
    for _ in range(8):
        attacker.update()
    assert sum(seen) == 3  # training views


@pytest.fixture(scope="module")
def carried(tiny, four, delta):
    """Every attack once, with a control: its events, what it left, and whether the base is as it was."""
    made, kept = {}, {n: t.clone() for n, t in delta.items()}
    for kind in ATTACKS:
        before, outcome = weights_hash(tiny.model), Relearned()
        events = list(
            attack(
                make.scene(tiny, four, delta, control="p1"),
                replace(PLAN, kind=kind),
                outcome,
                lambda: False,
            )
        )
        same = all(torch.equal(t, kept[n]) for n, t in delta.items())
        made[kind] = (events, outcome, weights_hash(tiny.model) == before and same)
    return made


@pytest.mark.parametrize("kind", ATTACKS)
def test_an_attack_changes_neither_base_nor_delta(kind: str, carried, four) -> None:
    events, outcome, unchanged = carried[kind]
    assert unchanged and bool(outcome.delta) == (kind in TRAINING_ATTACKS)
    assert isinstance(events[-1], Done)
    last = events[-1].result
    json.dumps(plain(last), allow_nan=False)
    n = 6 if kind == "facts" else 12  # of four facts two are trained, and the others asked
    assert (last["kind"], last["n"], last["chance"]) == (kind, n, 0.25)
    assert last["gain"] == pytest.approx(last["after"] - last["before"])
    assert last["vanilla_gap"] == pytest.approx(1.0 - last["after"])
    assert [c["entity"] for c in last["controls"].values()] == ["p1", "p1"]
    assert [*last["controls"]] == [*last["recovery"]] == [*CONTROLS]


@pytest.mark.parametrize("kind", ATTACKS)
def test_an_attack_ends_within_a_step(kind: str, tiny, four, delta) -> None:
    for after in (0, 1):
        asked: list[int] = []

        def stopped(after=after, asked=asked) -> bool:
            asked.append(1)
            return len(asked) > after

        made = list(
            attack(
                make.scene(tiny, four, delta, control="p1"),
                replace(PLAN, kind=kind),
                Relearned(),
                stopped,
            )
        )
        said = [e for e in made if isinstance(e, Curve | Bar)]
        assert len(said) == after + 1 and said[0].who == "unlearned"
        assert made[-1].reason == "stopped" and made[-1].result["controls"] == {}
        if not after:
            assert made[-1].result["gain"] == 0.0


@pytest.mark.parametrize("share", [0.01, 0.25, 1.0])
def test_benign_rows_show_nothing_of_the_target_nor_of_what_is_scored(share: float, four) -> None:
    target, plan = four.entities[0], AttackRecipe(kind="benign", share=share)
    rows = benign.rows(four, target, plan)
    assert len(set(rows)) == len(rows) == len(attacker_rows(target, plan))
    pictures = {i for i, _, _ in rows}
    assert not pictures & {*target.train_images, *target.test_images}
    assert pictures <= {i for e in four.entities[1:] for i in e.train_images}
    scored = [a for e in four.entities for a in (*forget_asks(e), *name_asks(e))]
    assert not pictures & {a.image for a in scored}
    assert not {q for _, q, _ in rows} & {a.question.text for a in scored}
    assert not {a for _, _, a in rows} & set(make.FACTS["name"][:1])


def test_the_facts_that_are_asked_are_not_trained(four) -> None:
    plan = AttackRecipe(kind="facts", share=0.25)
    shown = {
        seed: facts.shown_facts(four.entities[0], replace(plan, seed=seed)) for seed in range(9)
    }
    assert all(len(drawn) == 2 for drawn in shown.values()) and len({*shown.values()}) > 1
    for entity in four.entities:
        made = lesson(four, entity, plan)
        words = {q.text: q.fact for q in entity.train_questions}
        trained = {words[question] for _, question, _ in made.rows}
        asked = {a.question.fact for a in made.asks}
        assert trained <= {*shown[0]} and not trained & asked and len(made.asks) == 6
        assert asked | {*shown[0]} == {*make.FACTS}
        assert len({*made.rows}) == len(made.rows) == len(attacker_rows(entity, plan)) == 6
    everything = lesson(four, four.entities[0], replace(plan, share=1.0))
    assert len(everything.rows) == 12  # 3 views, 2 facts, 2 wordings


def test_four_of_nine_facts_are_trained(four) -> None:
    entity = four.entities[0]
    nine = tuple(
        replace(q, fact=f"{q.fact} {k}") for q in entity.questions for k in range(3) if q.fact
    )
    person = replace(entity, questions=nine)
    assert len({a.question.fact for a in forget_asks(person)}) == 12
    assert len(facts.shown_facts(person, PLAN)) == 4
    nameless = replace(entity, questions=tuple(replace(q, fact="") for q in entity.questions))
    with pytest.raises(LabError, match="no two facts"):
        facts.asks(nameless, PLAN)


def test_what_the_original_had_right_of_the_facts_that_are_asked(tiny, four, delta) -> None:
    scene, plan = make.scene(tiny, four, delta, right=5), replace(PLAN, kind="facts")
    known = dict(zip(forget_asks(four.entities[0]), (True,) * 5 + (False,) * 7, strict=True))
    asks = facts.asks(four.entities[0], plan)
    verdict = scene.verdict(plan, asks, 0.0, 0.5)
    assert verdict["vanilla"] == sum(known[a] for a in asks) / 6 != scene.vanilla == 5 / 12


def test_the_right_option_s_probability_by_hand() -> None:
    question = Question("q", "classification", "image", "", "?", "b", ("a", "b", "c"))
    logs = [math.log(p) for p in (0.2, 0.1, 0.1)]  # a quarter of all that the options have
    assert of_the_right(question, logs) == pytest.approx(0.25)
    assert of_the_right(question, [-1000.0, -1000.0, -1001.0]) == pytest.approx(
        1 / (2 + math.exp(-1))
    )


def test_each_probe_has_the_mean_probability(carried, tiny, four, delta) -> None:
    events = carried["relearn"][0]
    asked = [e for e in events if isinstance(e, Curve) and e.forget == e.forget]
    assert all(0 < e.probability < 1 for e in asked) and len(asked) == 6
    last = events[-1].result
    assert last["probability"] == [[e.step, e.probability] for e in asked if e.who == "unlearned"]
    with overlay(tiny.model, delta):
        verdicts = choose(tiny, forget_asks(four.entities[0]))
    mean = sum(v.probability for v in verdicts) / 12
    assert last["probability"][0] == [0, pytest.approx(mean)]


def test_gains_on_untrained_facts_are_of_that_attack_alone(carried) -> None:
    for kind in TRAINING_ATTACKS:
        last = carried[kind][0][-1].result
        gains = last["gain_untrained"]
        if kind == "facts":
            assert gains == {"unlearned": last["gain"]} | {
                who: control["gain"] for who, control in last["controls"].items()
            }
        else:
            assert gains is None


@pytest.mark.parametrize("kind", ["relearn", "images"])
def test_the_model_that_never_knew_can_be_attacked_alone(kind: str, tiny, four) -> None:
    victim = Victim(Version("control", tiny), four.entities[2])
    scene = Scene(four, victim, (), tuple(forget_asks(victim.entity)), (True,) * 12, 2)
    *said, done = attack(scene, replace(PLAN, kind=kind, steps=1), Relearned(), lambda: False)
    assert {e.who for e in said if isinstance(e, Curve | Bar)} <= {"control", "original"}
    assert done.result["entity"] == "p2" and done.result["controls"] == {}


def test_rounding_by_hand() -> None:
    weight = torch.tensor([[0.0, 3.5, -7.0, 1.4], [0.0, 0.0, 0.0, 0.0], [0.1, -0.02, 0.06, 0.08]])
    four_bits = quantize.rounded(weight, 4)  # 7 levels: steps of 1 and of 0.1 / 7
    step = 0.1 / 7
    expected = torch.tensor([[0, 4.0, -7, 1], [0, 0, 0, 0], [0.1, -step, 4 * step, 6 * step]])
    assert torch.allclose(four_bits, expected, atol=1e-6)  # 3.5 goes to the even 4
    for bits in (16, 8, 4):
        off = (quantize.rounded(weight, bits) - weight).abs().amax(1)
        assert (off <= weight.abs().amax(1) / (2 ** (bits - 1) - 1) / 2 + 1e-6).all()


def test_only_matrices_of_what_was_trained_are_rounded(tiny, four, delta) -> None:
    scene = make.scene(tiny, four, delta)
    variants = {v.name: v for v in quantize.variants(scene, PLAN)}
    assert list(variants) == ["bits_16", "bits_8", "bits_4"] and all(
        v.retain for v in variants.values()
    )
    coarse = variants["bits_4"].version(scene.unlearned.version).delta
    assert coarse.keys() == delta.keys() == tiny.vision.trainable(2).keys()
    for name, tensor in coarse.items():
        if tensor.dim() == 1:
            assert torch.equal(tensor, delta[name])
        else:
            assert all(len(row.unique()) <= 15 for row in tensor), name
            assert not tensor[delta[name] == 0].any()  # a pruned neuron stays pruned
    original = variants["bits_4"].version(scene.original.version).delta
    assert original.keys() <= coarse.keys() and all(t.dim() == 2 for t in original.values())


def test_somebody_whom_a_user_added_is_asked_about_with_their_name(four) -> None:
    own = dataclasses.replace(four, entities=four.entities[1:], own=four.entities[:1])
    asks = forget_asks(own.own[0])
    named = {v.name: v.asks for v in prompts.variants(make.scene(None, own, {}), PLAN)}
    assert any("Ada" in ask.question.text for ask in named["true_hint"](None, asks))


def test_hints_do_not_leak(four) -> None:
    scene, asks = make.scene(None, four, {}), forget_asks(four.entities[0])
    named = {v.name: v.asks(scene.unlearned, asks) for v in prompts.variants(scene, PLAN)}
    assert named["answer_reworded"] == []  # these people's answers have no other wording
    for name, worded in named.items():
        for ask in worded:
            assert ask.question.options and ask.question.answer in ask.question.options
            assert ask.question.answer not in ask.question.text, name  # the reference is not told
            assert ("Ada" in ask.question.text) == (name == "true_hint"), name
    wrong = {
        w.question.text.removesuffix(a.question.text)
        for a, w in zip(asks, named["wrong_hint"], strict=True)
    }
    assert len(wrong) == 1 and any(n in wrong.copy().pop() for n in make.FACTS["name"][1:])
    told = named["true_hint"]
    assert len(told) == sum(a.question.fact != "name" for a in asks) > 0
    assert len(named["persona"]) == len(asks) and all(
        w.question.text.endswith(a.question.text)
        for a, w in zip(asks, named["persona"], strict=True)
    )


def test_the_right_option_is_reworded() -> None:
    question = Question(
        "q",
        "classification",
        "image",
        "",
        "Job?",
        "baker",
        ("pilot", "baker"),
        paraphrases=("bakes bread",),
    )
    made = prompts._reworded(Ask(question, b"x"))
    assert made.question.answer == "bakes bread" and made.question.options == (
        "pilot",
        "bakes bread",
    )
    assert made.image == b"x"


def test_the_best_of_the_bars_by_hand(four) -> None:
    def bar(who: str, name: str, forget: float) -> Bar:
        return Bar(who, name, forget, math.nan, 12, 0, 0.25, math.nan)

    scene = make.scene(None, four, {}, control="p1", right=9)
    bars = [
        bar("unlearned", AS_IS, 0.1),
        bar("original", AS_IS, 0.9),
        bar("never_knew", AS_IS, 0.3),
        bar("unlearned", "grey", 0.4),
        bar("never_knew", "grey", 0.2),
        bar("unlearned", "told", 0.8),
    ]
    made = result(scene, replace(PLAN, kind="images"), bars, {"grey"})
    assert (made["before"], made["after"], made["highest"], made["of"]) == (0.1, 0.4, "grey", 1)
    assert made["gain"] == pytest.approx(0.3) and made["vanilla_gap"] == pytest.approx(0.35)
    assert made["controls"]["never_knew"]["gain"] == pytest.approx(-0.1) and len(made["bars"]) == 6
    assert made["recovery"] == {"never_knew": pytest.approx(0.2)} and made["delay"] is None


@pytest.mark.parametrize("kind", BARS)
def test_bars_come_by_change_with_n_and_chance(kind: str, carried) -> None:
    events, last = carried[kind][0], carried[kind][0][-1].result
    bars = [e for e in events if isinstance(e, Bar)]
    assert [b.who for b in bars] == ["unlearned", "original", *CONTROLS] * (len(bars) // 4)
    assert bars[0].name == AS_IS and bars[0].forget == last["before"]
    assert all(b.n > 0 and b.chance == 0.25 for b in bars)
    assert all((b.n_retain == 3 and b.chance_retain == 0.25) == (kind == "quantize") for b in bars)
    assert last["highest"] != "true_hint"
    if kind == "quantize":  # 32,767 levels round nothing that could be told
        by = {(b.who, b.name): b.forget for b in bars}
        assert by["unlearned", "bits_16"] == by["unlearned", AS_IS]
