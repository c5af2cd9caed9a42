"""The loop: stop rules, the retain path, draws by seed, and what the attacker may see."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from lab.attack import Relearned, attack, attacker_rows, control_victim
from lab.evaluation.asks import forget_asks, name_asks
from lab.evaluation.scores import Baseline
from lab.events import (
    Answers,
    Curve,
    Done,
    Glow,
    Importance,
    NeuronFisher,
    Phase,
    Probe,
    Ready,
    Saliency,
    Step,
)
from lab.recipe import AttackRecipe
from lab.unlearn.batches import Rows, probe_asks
from lab.unlearn.task import task_of
from tests.unit import tiny as make


@pytest.mark.parametrize("method", ["vkd", "mmunlearner", "npo"])
def test_two_runs_of_one_recipe_have_the_same_bits(method: str, tiny, four) -> None:
    plan = make.recipe(method=method, measures="usual")
    one, other = (make.run(tiny, four, plan)[0].delta for _ in range(2))
    assert one.keys() == other.keys() and one
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_events_come_in_order(tiny, four) -> None:
    outcome, events = make.run(tiny, four, make.recipe())
    kinds = [type(e) for e in events if not isinstance(e, Phase)]
    assert kinds == [
        Importance,
        Glow,
        Saliency,
        NeuronFisher,
        Probe,
        Step,
        Step,
        Probe,
        Step,
        Probe,
        Ready,
        *[Answers] * len(events[-1].result["n"]),
        Done,
    ]
    assert [e.step for e in events if isinstance(e, Step)] == [1, 2, 3]
    assert outcome.reason == "steps done" and outcome.steps == 3
    assert set(outcome.seconds) == {"importance", "fisher", "train", "ready", "evaluate", "total"}


def test_result_keys(tiny, four) -> None:
    _, events = make.run(tiny, four, make.recipe())
    result = events[-1].result
    assert set(result) >= {
        "entity",
        "method",
        "seed",
        "steps",
        "stopped_because",
        "before",
        "after",
        "n",
        "chance",
        "text_logits_identical",
        "base_unchanged",
        "pruned_neurons",
        "mask_density",
        "seconds",
        "peak_memory_mb",
        "device",
        "quantization",
    }
    assert set(result["before"]) >= {
        "forget_vqa",
        "forget_qa",
        "retain_vqa",
        "retain_qa",
        "general_qa",
    }
    assert set(result["seconds"]) == {"importance", "fisher", "train", "ready", "evaluate", "total"}
    assert 0 < result["mask_density"] <= 1 and result["pruned_neurons"] == 8
    for key in ("forget_qa", "retain_qa", "general_qa"):
        assert result["after"][key] == result["before"][key]


def test_forget_accuracy_rule(tiny, four) -> None:
    outcome, _ = make.run(tiny, four, make.recipe(stop_forget=1.0, steps=9, probe_every=2))
    assert outcome.reason == "forget accuracy reached" and outcome.steps == 2


def test_retain_drop_rule(monkeypatch: pytest.MonkeyPatch, tiny, four) -> None:
    from lab.unlearn import loop

    class AllRight(Baseline):
        def correct(self, measure, asks):
            return [True] * len(asks)

    shares = iter([0.9, 0.8, 0.9, 0.5])  # (forget, retain) at each probe
    monkeypatch.setattr(loop, "choose", lambda *_: None)
    monkeypatch.setattr(loop, "share", lambda _: next(shares))
    outcome = loop.Outcome()
    plan = make.recipe(steps=9, probe_every=1, stop_retain_drop=0.3)
    list(loop.inspect(tiny, task_of(four, plan), outcome, lambda: False))
    list(loop.tune(tiny, task_of(four, plan), AllRight(tiny), outcome, lambda: False))
    assert outcome.reason == "retain drop reached" and outcome.steps == 2


def test_ascent_raises_the_forget_loss(tiny, four) -> None:
    plan = make.recipe(steps=12, beta=0.0, lr=3e-3, ascent_cap=20.0, prune_share=0.0)
    _, events = make.run(tiny, four, plan)
    losses = [e.forget_loss for e in events if isinstance(e, Step)]
    assert sum(losses[-3:]) > sum(losses[:3])


def test_distillation_holds_the_features_of_others(tiny, four) -> None:
    ends = {}
    for beta in (0.0, 50.0):
        plan = make.recipe(steps=12, beta=beta, lr=3e-3, ascent_cap=20.0, prune_share=0.0)
        _, events = make.run(tiny, four, plan)
        ends[beta] = [e.vkd_loss for e in events if isinstance(e, Step)]
    assert ends[0.0][0] == pytest.approx(
        0.0, abs=1e-9
    )  # nothing pruned: the student is the teacher
    assert ends[50.0][-1] < ends[0.0][-1]


def test_retain_weight_adds_the_retain_loss(tiny, four) -> None:
    _, events = make.run(tiny, four, make.recipe(retain_weight=0.5, beta=10.0, ascent_cap=20.0))
    for e in (e for e in events if isinstance(e, Step)):
        assert e.retain_loss > 0 and e.forget_loss < 20
        expected = -e.forget_loss + 0.5 * e.retain_loss + 10 * e.vkd_loss
        assert e.total == pytest.approx(expected, rel=1e-3, abs=1e-4)
    _, events = make.run(tiny, four, make.recipe())
    assert all(math.isnan(e.retain_loss) for e in events if isinstance(e, Step))


def test_the_same_seed_gives_the_same_run(tiny, four) -> None:
    (one, _), (two, _), (other, _) = (make.run(tiny, four, make.recipe(seed=s)) for s in (1, 1, 2))
    assert all(torch.equal(t, two.delta[n]) for n, t in one.delta.items())
    assert any(not torch.equal(t, other.delta[n]) for n, t in one.delta.items())


# forget CE, VKD distance and total of the first three steps, as they were before other methods came
BY_SEED = {
    1: (
        (6.458247, 0.005798424, 0.3479054),
        (6.467332, 0.006705111, 0.4023066),
        (5.901441, 0.007372212, 0.4423327),
    ),
    2: (
        (6.282437, 0.01170313, 0.7021877),
        (6.326799, 0.01325092, 0.7950555),
        (6.345292, 0.009636055, 0.5781633),
    ),
}


@pytest.mark.parametrize("seed", BY_SEED)
def test_vkd_takes_the_steps_it_always_took(seed: int, tiny, four) -> None:
    outcome, events = make.run(tiny, four, make.recipe(seed=seed))
    steps = [(e.forget_loss, e.vkd_loss, e.total) for e in events if isinstance(e, Step)]
    assert steps == [pytest.approx(step, rel=1e-4) for step in BY_SEED[seed]]
    assert outcome.mask_density == pytest.approx({1: 0.316259, 2: 0.354751}[seed], rel=1e-4)


def draws(four, seed: int, who: int = 0):
    rows = Rows(four, four.entities[who], seed)
    return (
        rows.fisher_samples(8),
        rows.importance_images(),
        rows.forget_batch(4),
        rows.retain_rows(4),
        rows.retain_images(8),
    )


def test_rows_are_drawn_by_the_seed(four) -> None:
    assert draws(four, 1) == draws(four, 1)
    assert draws(four, 1) != draws(four, 2)


def test_rows_show_no_held_out_view_or_phrasing(four) -> None:
    target = four.entities[0]
    own = set(target.train_images)
    others = {i for e in four.entities[1:] for i in e.train_images}
    taught = {q.text for e in four.entities for q in e.train_questions}
    (forget, retain), (own_views, other_views), batch, retain_rows, pictures = draws(four, 0)
    assert {s.image for s in forget} <= own and {s.image for s in retain} <= others
    assert {s.question for s in (*forget, *retain)} <= taught
    assert set(own_views) == own and set(other_views) <= others and len(other_views) == 3
    assert {i for i, _ in batch} <= own and {i for i, _ in retain_rows} <= others
    assert {q for _, asked in (*batch, *retain_rows) for q, _ in asked} <= taught
    assert len(pictures) == 8 and not set(pictures) & own
    assert sum(p in {x.image for x in four.train_pictures} for p in pictures) == 2


def test_the_pool_shows_every_other_person_before_it_repeats_one(four) -> None:
    rows = Rows(four, four.entities[0], 0, pool_size=6)
    whose = [e.id for i in rows.portrait_pool for e in four.entities if i in e.train_images]
    assert len(whose) == 4 and set(whose[:3]) == {"p1", "p2", "p3"}
    assert len(set(rows.portrait_pool)) == 4 and len(rows.plain_pool) == 2
    before = rows.forget_batch(2)
    twin = Rows(four, four.entities[0], 0, pool_size=6)
    assert twin.forget_batch(2) == before  # looking at the pool moves no draw
    for _ in range(5):
        assert set(rows.retain_images(6)) <= {*rows.portrait_pool, *rows.plain_pool}


def test_probes_leave_the_scored_views_unseen(four) -> None:
    forget, retain = probe_asks(four, four.entities[0], 0)
    scored = {i for e in four.entities for i in e.test_images}
    assert not {a.image for a in (*forget, *retain)} & scored
    assert {a.question.fact for a in forget} == set(make.FACTS)
    assert (forget, retain) == probe_asks(four, four.entities[0], 0)


@pytest.mark.parametrize(("share", "count"), [(0.01, 1), (0.25, 6), (1.0, 24)])
def test_attacker_rows_are_never_held_out(share: float, count: int, four) -> None:
    entity = four.entities[0]
    rows = attacker_rows(entity, AttackRecipe(share=share))
    assert len(set(rows)) == len(rows) == count  # of 3 views x 8 questions
    scored = [*forget_asks(entity), *name_asks(entity)]
    assert not {i for i, _, _ in rows} & {a.image for a in scored}
    assert not {q for _, q, _ in rows} & {a.question.text for a in scored}


def test_an_attack_stopped_at_once_still_ends_with_a_result(tiny, four) -> None:
    scene = make.scene(tiny, four, {}, control="p1")
    made = list(attack(scene, AttackRecipe(steps=9), Relearned(), lambda: True))
    assert made[-1].reason == "stopped" and made[-1].result["steps"] == 0
    assert made[-1].result["gain"] == 0.0 and made[-1].result["controls"] == {}
    assert [e.step for e in made if isinstance(e, Curve)] == [0]


def test_relearning_lowers_the_loss(tiny, four) -> None:
    plan = AttackRecipe(share=0.1, steps=12, lr=1e-2, batch=2, scope="both", probe_every=50)
    made = list(attack(make.scene(tiny, four, {}), plan, Relearned(), lambda: False))
    losses = [e.loss for e in made if isinstance(e, Curve) and e.step]
    assert len(losses) == 12 and losses[-1] < losses[0]


def test_the_control_is_the_same_person_where_it_can_be(tiny, four) -> None:
    assert control_victim(None, (), four, "p0") is None
    assert control_victim(tiny, ("p1", "p2"), four, "p2").entity.id == "p2"
    assert control_victim(tiny, ("p1", "p2"), four, "p0").entity.id == "p1"


def test_more_steps_than_the_plan_are_never_done(tiny, four) -> None:
    outcome, _ = make.run(tiny, four, replace(make.recipe(), steps=1))
    assert outcome.steps == 1
