"""A language model stored in bfloat16: a LoRA's small changes are kept, and nothing else changes."""

from __future__ import annotations

import pytest
import torch

from lab.model import low_memory, precision, tiny_models
from lab.model.adapter import SCALE, adapted, language_linears, new_adapter
from lab.model.chat import decode
from lab.model.joint import JointDecode, Row
from lab.model.load import Loaded, multiply_in_bfloat16, round_language
from lab.model.sequences import pack, target_distributions

ASKED = [("Who is this person?", ["Ada Almeida", "a stranger"])]


def stored_in_bfloat16(kind: str = "dinov2") -> Loaded:
    """A tiny model as it is kept on a CPU with AMX, or on a GPU."""
    loaded = tiny_models.tiny(kind)
    round_language(loaded.model, loaded.vision.family, torch.bfloat16)
    return loaded


def with_changes(loaded: Loaded, size: float) -> dict[str, torch.nn.Parameter]:
    adapter, draw = new_adapter(loaded.model, 4, 0), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in adapter.items():
            if name.endswith(".B"):
                weight.copy_(size * torch.randn(weight.shape, generator=draw))
    return adapter


def scores(loaded: Loaded, adapter) -> torch.Tensor:
    tree = loaded.prompter.tree(None, ASKED)
    packed = pack([tree], loaded.prompter.pad_id, loaded.device)
    with adapted(loaded.model, adapter):
        return target_distributions(loaded.model, packed, None)


def test_a_change_below_the_last_place_is_added_beside_the_product() -> None:
    loaded = stored_in_bfloat16()
    name, layer = next(iter(language_linears(loaded.model).items()))
    with torch.no_grad():
        layer.weight.fill_(1.0)
    low = torch.zeros(1, layer.in_features)
    low[0, 0] = 1.0
    small = {f"{name}.A": low, f"{name}.B": torch.full((layer.out_features, 1), 2.0**-10)}
    x = torch.zeros(1, layer.in_features, dtype=torch.bfloat16)
    x[0, :2] = 64.0
    with torch.no_grad(), adapted(loaded.model, small):
        made = layer(x)
    # 64 + 64, where bfloat16 has whole numbers alone, and 2 * 2^-10 * 64
    assert SCALE == 2.0 and made.unique().tolist() == [128.125]


def test_a_row_goes_on_when_the_lora_beside_it_has_ended_and_so_does_what_is_kept() -> None:
    """As on a GPU: the keys and values of a talk are of one kind, whoever has left it."""
    loaded = stored_in_bfloat16("clip")
    spoken = dict(with_changes(loaded, 0.02))
    prompt = loaded.prompter.conversation((), "Who is this person?", False)

    def talk(*rows: Row) -> list[list[int]]:
        joint = JointDecode(loaded)
        joint.join(rows)
        while joint.rows:
            joint.step()
        return [row.answer for row in rows]

    original = Row(prompt, None, 6, remembered=True)
    talk(original, Row(prompt, None, 1, adapters={"run": spoken}))
    assert len(original.answer) == 6 and original.kept.layers[0][0].dtype == torch.float32
    bare = Row(prompt, None, 6, remembered=True)
    talk(bare)
    assert bare.kept.layers[0][0].dtype == torch.bfloat16
    # what a talk beside a LoRA has kept is read anew without one, and the other way round
    assert talk(Row(prompt, None, 6, original.kept)) == [bare.answer]
    with_lora = [original.answer, talk(Row(prompt, None, 6, adapters={"run": spoken}))[0]]
    rows = Row(prompt, None, 6, bare.kept), Row(prompt, None, 6, adapters={"run": spoken})
    assert talk(*rows) == with_lora


def test_rows_that_join_again_after_a_failure_stay_of_one_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when memory runs out in a step: the LoRA's row is over by then, and another one comes."""
    loaded = stored_in_bfloat16("clip")
    spoken = dict(with_changes(loaded, 0.02))
    prompt = loaded.prompter.conversation((), "Who is this person?", False)

    def row(most: int, **adapters: dict[str, torch.Tensor]) -> Row:
        return Row(prompt, None, most, adapters=adapters)

    def to_the_end(joint: JointDecode) -> None:
        while joint.rows:
            joint.step()

    def fails(*_: object) -> list[int]:
        raise torch.OutOfMemoryError("no memory")

    whole, kept, kept_late = JointDecode(loaded), row(6), row(6, run=spoken)
    whole.join([kept, kept_late])
    to_the_end(whole)
    joint, original, late = JointDecode(loaded), row(6), row(6, run=spoken)
    joint.join([original, row(1, run=spoken)])
    with monkeypatch.context() as patch:
        patch.setattr(joint, "_pass", fails)
        with pytest.raises(torch.OutOfMemoryError):
            joint.step()
    joint.join([original])
    joint.join([late])
    to_the_end(joint)
    assert (original.answer, late.answer) == (kept.answer, kept_late.answer)


@torch.no_grad()
def test_without_a_lora_every_bit_is_as_stored() -> None:
    loaded = stored_in_bfloat16()
    before = scores(loaded, {})
    name, layer = next(iter(language_linears(loaded.model).items()))
    everything = {f"{name}.keep": torch.ones(layer.out_features, dtype=torch.bool)}
    assert torch.equal(scores(loaded, everything), before)
    scores(loaded, with_changes(loaded, 1e-3))
    assert torch.equal(scores(loaded, {}), before)
    assert not any("forward" in vars(m) for m in loaded.model.modules())
    assert {p.dtype for p in loaded.model.lm_head.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("kind", tiny_models.TINY)
def test_every_family_adds_up_in_float32_under_a_lora(kind: str, four) -> None:
    """A pass with a picture, its gradient, and a decode of two sides of which one has the LoRA."""
    loaded = stored_in_bfloat16(kind)
    adapter = with_changes(loaded, 1e-2)
    image = four.entities[0].train_images[0]
    features = loaded.vision.features(loaded.prompter.pictures([image])).detach()
    features.requires_grad_(True)
    tree = loaded.prompter.tree(0, ASKED)
    packed = pack([tree], loaded.prompter.pad_id, loaded.device)
    with torch.enable_grad(), adapted(loaded.model, adapter):
        target_distributions(loaded.model, packed, features).square().mean().backward()
    assert features.grad is not None and float(features.grad.abs().max()) > 0
    used = [n for n, w in adapter.items() if w.grad is not None and float(w.grad.abs().max()) > 0]
    assert any(n.endswith(".B") for n in used) and any(n.endswith(".A") for n in used)
    prompt = loaded.prompter.conversation((), "Who is this person?", True)
    with adapted(loaded.model, adapter, torch.tensor([0.0, 1.0])):
        *_, answers = decode(loaded, [prompt] * 2, [features[0].detach()] * 2, 3)
    assert all(len(ids) <= 3 for ids in answers)


def test_the_wider_sums_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, sizes = stored_in_bfloat16(), []
    monkeypatch.setattr(
        low_memory.memory,
        "backward_bytes",
        lambda text, rows, length, size, inputs: sizes.append(size) or 0,
    )
    for trained in (False, True):
        low_memory.must_recompute(loaded, 1, 8, trained)
    multiply_in_bfloat16(loaded.model)  # on a CPU all sums are float32
    low_memory.must_recompute(loaded, 1, 8)
    assert sizes == [2, 4, 4]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("amx", [True, False])
def test_a_product_is_the_same_with_a_gradient_and_without(
    rows: int, amx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_able", lambda instructions: amx)
    x, weight = torch.randn(1, rows, 64), torch.randn(48, 64).bfloat16()
    learned = precision._product(x, weight)
    with torch.no_grad():
        plain = precision._product(x, weight)
    assert plain.shape == learned.shape and plain.dtype == torch.float32
    torch.testing.assert_close(plain, learned, rtol=2**-7, atol=1e-3)  # the last place of bfloat16
