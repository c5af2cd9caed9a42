"""Patching: one's own activations change nothing, another's change what comes of them."""

from __future__ import annotations

import pytest
import torch

from lab.evaluation.patching import (
    PROJECTOR,
    TOWER,
    first_trained,
    patched_features,
    patching,
    questions_of,
)
from lab.evaluation.questions import choose, drained, image_features
from lab.events.where import UNPATCHED
from lab.model import tiny_models
from lab.model.adapter import new_adapter
from lab.model.overlay import LANGUAGE, overlay, weights_hash
from lab.model.version import Version


def shaken(loaded, blocks: int, seed: int = 0, size: float = 0.5) -> dict[str, torch.Tensor]:
    """The trained weights of the last ``blocks`` live blocks and the projector, all changed."""
    draw = torch.Generator().manual_seed(seed)
    return {
        n: p.detach() + size * torch.randn(p.shape, generator=draw)
        for n, p in loaded.vision.trainable(blocks).items()
    }


def pictures(four) -> list[bytes]:
    return [i for e in four.entities for i in e.test_images]


def equal(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_a_models_own_activations_change_nothing(tiny, four) -> None:
    own, images = Version("original", tiny), pictures(four)
    plain = image_features(tiny, images)
    for depth in range(4):  # two blocks, the tower, the projector
        assert equal(patched_features(own, own, images, 1, depth), plain)


def test_patching_is_a_model_with_the_other_weights_up_to_that_depth(tiny, four) -> None:
    """Activations depend on nothing behind them: a hybrid of both models' weights is the same."""
    delta, images = shaken(tiny, 2), pictures(four)
    original, run = Version("original", tiny), Version("run", tiny, delta)
    layers = tiny.vision.trained(2)
    assert [layer.name for layer in layers] == ["block 1", "block 2", "projector"]
    for depth, kept in enumerate((1, 2, 2, 3)):  # layers whose weights are the run's by then
        upto = {
            n: t
            for layer in layers[:kept]
            for linear in layer.linears
            for n, t in delta.items()
            if n.startswith(f"{linear}.")
        }
        with overlay(tiny.model, upto):
            hybrid = image_features(tiny, images)
        patched = patched_features(original, run, images, 1, depth)
        assert all(torch.allclose(hybrid[i], patched[i], atol=1e-5) for i in images)
        assert not equal(patched, image_features(tiny, images))


@pytest.mark.parametrize("kind", tiny_models.KINDS)
def test_every_family_ends_at_what_the_other_model_makes(kind: str, four) -> None:
    loaded = tiny_models.tiny(kind)
    images = pictures(four)[:2]
    original = Version("original", loaded)
    run = Version("run", loaded, shaken(loaded, 1, size=0.1))
    first = first_trained(original, run)
    assert first == len(loaded.vision.blocks) - 1
    plain = image_features(loaded, images)
    with run.on():
        theirs = image_features(loaded, images)
    for depth in range(3):
        own = patched_features(original, original, images, first, depth)
        assert all(torch.allclose(own[i], plain[i], atol=1e-5) for i in images)
    assert equal(patched_features(original, run, images, first, 2), theirs)
    before = patched_features(original, run, images, first, 0)
    assert not any(torch.equal(before[i], plain[i]) for i in images)


def test_at_the_projector_the_original_answers_as_the_unlearned_model(tiny, four) -> None:
    asks, before = questions_of(four, four.entities[0]), weights_hash(tiny.model)
    original = Version("original", tiny)
    run = Version("run", tiny, shaken(tiny, 2, size=2.0))
    lost, back = drained(patching(original, run, asks)), drained(patching(run, original, asks))
    assert (lost.into, lost.source) == ("original", "run") == (back.source, back.into)
    assert [d.name for d in lost.depths] == ["block 1", "block 2", TOWER, PROJECTOR]
    assert lost.unpatched.name == UNPATCHED
    for one, other in ((lost, back), (back, lost)):
        end, own = one.depths[-1], other.unpatched
        assert (end.forget, end.others) == (own.forget, own.others)
        assert end.forget_probability == pytest.approx(own.forget_probability, abs=1e-6)
        assert end.others_probability == pytest.approx(own.others_probability, abs=1e-6)
    right = [v.correct for v in choose(tiny, asks.forget)]
    assert lost.unpatched.forget == sum(right) / len(right)
    assert lost.unpatched.forget_probability != pytest.approx(back.unpatched.forget_probability)
    assert weights_hash(tiny.model) == before


def test_the_language_model_stays_that_of_who_answers(tiny, four) -> None:
    """A run of the language model alone: nothing is lost at any depth, and nothing comes back."""
    asks = questions_of(four, four.entities[0])
    adapter = new_adapter(tiny.model, 2, 0)
    for name, tensor in adapter.items():
        if name.endswith(".B"):
            tensor.data.normal_(0, 1.0, generator=torch.Generator().manual_seed(1))
    run = Version("run", tiny, {f"{LANGUAGE}{n}": t.detach() for n, t in adapter.items()})
    original = Version("original", tiny)
    lost, back = drained(patching(original, run, asks)), drained(patching(run, original, asks))
    for made in (lost, back):
        assert {d.forget_probability for d in made.depths} == {made.unpatched.forget_probability}
    assert lost.unpatched.forget_probability != back.unpatched.forget_probability


def test_the_questions_are_held_out_and_others_are_asked_about_too(four) -> None:
    entity = four.entities[0]
    asks = questions_of(four, entity)
    assert len(asks.forget) == 12  # 3 held-out views, 4 facts
    assert len(asks.others) == 9  # 3 others, 3 questions each
    assert {a.image for a in asks.forget} == set(entity.test_images)
    assert not {a.image for a in asks.others} & {*entity.test_images, *entity.train_images}
    assert all(a.question.held_out for a in (*asks.forget, *asks.others))
    assert len(asks.images) == len(set(asks.images))


def test_weights_that_no_last_blocks_hold_count_every_block(tiny) -> None:
    odd = {"model.vision_tower.embeddings.cls_token": torch.zeros(1, 1, 32)}
    assert first_trained(Version("original", tiny), Version("run", tiny, odd)) == 0
