"""Every method on every family, tiny and random: what it may change it changes, and nothing else."""

from __future__ import annotations

import pytest
import torch

from lab.errors import LabError
from lab.events import Step
from lab.model import tiny_models
from lab.model.load import Loaded
from lab.model.overlay import LANGUAGE, weights_hash
from lab.recipe import revise
from lab.unlearn import silence
from tests.unit import tiny as make
from tests.unit.test_methods import CASES

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]
# each method once, with both parts where it may train both; VKD has a test of its own
METHODS = ("mmunlearner-both", "vgid", "manu", "grad_ascent", "grad_diff", "kl_min", "npo")
WITHOUT_NEURONS = ("smolvlm", "idefics3", "gemma3", "paligemma", "mllama")  # in the projector


@pytest.fixture(scope="module", params=tiny_models.KINDS)
def loaded(request: pytest.FixtureRequest) -> Loaded:
    return tiny_models.tiny(request.param)


def plan(case: str, **changes: object):
    method = case.split("-")[0]
    short = dict(steps=1, blocks=1, adapter_lr=0.05, ascent_cap=20.0, **CASES[case][0])
    return make.recipe(method=method, **{**short, **changes})


@pytest.mark.parametrize("case", METHODS)
def test_a_method_changes_what_it_may(case: str, loaded: Loaded, four) -> None:
    before = weights_hash(loaded.model)
    outcome, events = make.run(loaded, four, plan(case))
    parts = {"language" if n.startswith(LANGUAGE) else "vision" for n in outcome.delta}
    assert parts <= CASES[case][1] and parts, case
    assert events[-1].result["base_unchanged"] and weights_hash(loaded.model) == before
    assert all(torch.isfinite(t.float()).all() for t in outcome.delta.values())


def test_silence_drives_what_lets_a_neuron_through_below_zero(loaded: Loaded, four) -> None:
    kind = loaded.name.removeprefix("tiny-")
    steady = plan("silence", steps=8, silence_lr=5e-3, beta=0.0)
    if kind in WITHOUT_NEURONS:
        with pytest.raises(LabError, match="silence needs hidden neurons in the projector"):
            make.run(loaded, four, steady)
        return
    outcome, events = make.run(loaded, four, steady)
    terms = [e.total for e in events if isinstance(e, Step)]  # nothing else counts
    assert len(terms) == 8 and terms[-1] < 0.9 * terms[0]
    assert events[-1].result["text_logits_identical"]


def test_silence_by_hand_on_gates() -> None:
    # relu(-7 + 6)^2 = 0, relu(-5 + 6)^2 = 1, relu(0 + 6)^2 = 36, relu(2 + 6)^2 = 64: mean 25.25
    hidden = torch.tensor([[[-7.0, -5.0], [0.0, 2.0]]])
    same = torch.ones(1, 2, 3)
    made = silence.losses(hidden, same, same, revise(make.recipe(), {"margin": 6.0}))
    assert float(made.forget_term) == pytest.approx(25.25) and float(made.retain_term) == 0.0
