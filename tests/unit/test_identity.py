"""Forgotten or hidden: both tests on figures that can be checked by hand, and on the tiny model."""

from __future__ import annotations

import pytest
import torch

from lab.evaluation.probing import _features, identity, linear, nearest, views
from lab.model.overlay import overlay, weights_hash
from lab.model.version import Version


def test_nearest_counts_whose_view_is_most_alike() -> None:
    known = torch.tensor([[1.0, 0.0], [0.9, 0.1], [-1.0, 0.2], [-0.8, -0.3]])  # two of the target
    asked = torch.tensor([[5.0, 0.5], [-3.0, 0.1], [0.7, 0.0], [2.0, 0.3]])
    assert nearest(known, 2, asked) == pytest.approx(3 / 4)


def test_the_linear_probe_separates_what_can_be_separated() -> None:
    draw = torch.Generator().manual_seed(0)
    known = torch.randn(60, 5, generator=draw)
    known[:6, 0] += 8.0
    asked = torch.randn(20, 5, generator=draw)
    asked[:4, 0] += 8.0
    assert linear(known, 6, asked, 4) == 1.0
    shuffled = torch.randn(200, 3, generator=draw)
    assert 0.2 < linear(shuffled, 20, torch.randn(400, 3, generator=draw), 200) < 0.8


def test_balanced_accuracy_by_hand() -> None:
    known = torch.tensor([[1.0], [1.2], [-1.0], [-1.1], [-0.9]])
    asked = torch.tensor([[0.9], [-1.0], [-1.0], [1.0], [-0.8], [-1.2]])  # two of the target
    # half of the target's views and three of the four others' are right
    assert linear(known, 2, asked, 2) == pytest.approx((1 / 2 + 3 / 4) / 2)


def test_every_depth_is_asked_on_held_out_views(tiny, tiny_clip, four) -> None:
    entity, before = four.entities[0], weights_hash(tiny.model)
    seen = views(four, entity)
    assert seen.known[:3] == list(entity.train_images) and seen.known_target == 3
    assert seen.asked[:3] == list(entity.test_images) and len(seen.asked) == 6
    assert not set(seen.known) & set(seen.asked)
    made = identity(Version("original", tiny), four, entity)
    assert [d.name for d in made.depths] == ["block 0", "block 1", "block 2", "projector"]
    assert made.n_target == 3 and made.n_others == 3 and made.chance_nearest == 3 / 12
    assert all(0 <= d.nearest <= 1 and 0 <= d.linear <= 1 for d in made.depths)
    assert weights_hash(tiny.model) == before
    # the dead block of the other tower is not asked
    dead = identity(Version("original", tiny_clip), four, entity)
    assert [d.name for d in dead.depths] == ["block 0", "block 1", "projector"]


def test_a_delta_changes_the_depths_it_touches_and_no_shallower_one(tiny, four) -> None:
    entity = four.entities[0]
    last = tiny.vision.layers(1)[0]  # the last block's
    draw = torch.Generator().manual_seed(0)
    broken = {
        f"{last.second_name}.weight": torch.randn(last.second.weight.shape, generator=draw) * 50
    }
    plain = _features(tiny, entity.test_images)
    with overlay(tiny.model, broken):
        changed = _features(tiny, entity.test_images)
    same = {name: torch.equal(plain[name], changed[name]) for name in plain}
    assert same == {"block 0": True, "block 1": True, "block 2": False, "projector": False}
    made = [
        identity(Version(who, tiny, delta), four, entity)
        for who, delta in (("original", {}), ("run", broken))
    ]
    assert made[0].depths[:2] == made[1].depths[:2]
