"""A decode's quick parts: few rows through float32 layers, keys and values that are not copied."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from transformers.cache_utils import DynamicLayer

from lab.benchmarks.images import decode as decode_image
from lab.model.chat import decode
from lab.model.few_rows import ALIGNED, align, few_rows
from lab.model.joint import JointDecode, Row
from lab.model.roomy_cache import ROOM, RoomyLayer


def whole_numbers(*shape: int) -> torch.Tensor:
    """Small whole numbers: their sums of products are exact in any order."""
    return torch.randint(-8, 9, shape, generator=torch.Generator().manual_seed(0)).float()


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 1), (1, 4), (2, 3), (16, 1)])
@pytest.mark.parametrize("bias", [True, False])
def test_any_number_of_rows_has_the_same_product(shape: tuple[int, int], bias: bool) -> None:
    layer = nn.Linear(12, 20, bias=bias).requires_grad_(False)
    for name, weight in layer.named_parameters():
        weight.copy_(whole_numbers(*weight.shape) + len(name))
    x = whole_numbers(*shape, 12)
    expected = x @ layer.weight.T + (layer.bias if bias else 0)
    with few_rows([layer]):
        made = layer(x)
    assert torch.equal(made, expected) and made.is_contiguous()


def test_two_rows_are_multiplied_the_other_way_round() -> None:
    layer, ways = nn.Linear(4, 6, bias=False).requires_grad_(False), []
    real = torch.Tensor.__matmul__

    class Noted(torch.Tensor):
        def __matmul__(self, other: torch.Tensor) -> torch.Tensor:
            ways.append((tuple(self.shape), tuple(other.shape)))
            return real(self, other)

    layer.weight = nn.Parameter(layer.weight.detach().as_subclass(Noted), requires_grad=False)
    with few_rows([layer]):
        for rows in (1, 2, 4, 5):
            layer(torch.ones(rows, 1, 4))
    assert ways == [((6, 4), (4, 2)), ((6, 4), (4, 4))]


def test_only_plain_float32_layers_are_changed_and_only_inside() -> None:
    class Special(nn.Linear):
        pass

    plain, half, special, hooked = (
        nn.Linear(2, 2),
        nn.Linear(2, 2).to(torch.bfloat16),
        Special(2, 2),
        nn.Linear(2, 2),
    )
    hooked.__dict__["forward"] = lambda x: x  # somebody else's
    layers = [plain, half, special, hooked]
    with pytest.raises(KeyboardInterrupt), few_rows(layers):
        assert ["forward" in vars(x) for x in layers] == [True, False, False, True]
        raise KeyboardInterrupt
    assert ["forward" in vars(x) for x in layers] == [False, False, False, True]


def test_a_hook_is_called_as_before() -> None:
    """So that a language adapter speaks in a decode."""
    layer = nn.Linear(3, 3, bias=False).requires_grad_(False)
    layer.register_forward_hook(lambda module, args, output: output + 1)
    x = torch.ones(2, 1, 3)
    with few_rows([layer]):
        made = layer(x)
    assert torch.allclose(made, x @ layer.weight.T + 1)


@pytest.mark.parametrize("about", ["", "x", "xy" * 40])
def test_a_mapped_file_begins_at_a_whole_register(tmp_path: Path, about: str) -> None:
    path, tensors = tmp_path / "a.safetensors", {"a": torch.ones(16), "b": torch.zeros(32)}
    save_file(tensors, path, {"about": about})
    align(path)
    with safe_open(path, "pt") as kept:
        read = {n: kept.get_tensor(n) for n in kept.keys()}  # noqa: SIM118  # no mapping
        assert kept.metadata() == {"about": about}
        assert {t.data_ptr() % ALIGNED for t in read.values()} == {0}
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[n], t) for n, t in tensors.items())
    length = int.from_bytes(path.read_bytes()[:8], "little")
    assert (8 + length) % ALIGNED == 0 and path.stat().st_size == 8 + length + 4 * (16 + 32)
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_roomy_keys_and_values_are_the_librarys() -> None:
    roomy, plain = RoomyLayer(), DynamicLayer()
    draw = torch.Generator().manual_seed(0)
    for tokens in (5, 1, 1, 2, ROOM, 1, 3, ROOM + 9):
        new = [torch.randn(2, 3, tokens, width, generator=draw) for width in (4, 6)]
        for mine, its in zip(roomy.update(*new), plain.update(*new), strict=True):
            assert torch.equal(mine, its)
        assert roomy.get_seq_length() == plain.get_seq_length()
        assert torch.equal(roomy.keys, plain.keys) and torch.equal(roomy.values, plain.values)


def test_one_more_token_copies_none_before_it() -> None:
    layer, one = RoomyLayer(), torch.ones(1, 1, 1, 2)
    layer.update(one, one)
    places = {layer.keys.data_ptr()}
    for _ in range(ROOM):
        layer.update(one, one)
        places.add(layer.keys.data_ptr())
    assert len(places) == 1 and layer.get_seq_length() == ROOM + 1
    layer.update(one, one)
    assert layer.keys.data_ptr() not in places  # a new room


def test_the_memory_of_a_token_is_counted(tiny) -> None:
    joint, row = JointDecode(tiny), Row(tiny.prompter.conversation((), "Who?", False), None, 3)
    assert joint.token_megabytes() == 0 == joint.slots()
    joint.join([row])
    text = tiny.model.config.get_text_config()
    width = text.hidden_size // text.num_attention_heads
    numbers = text.num_hidden_layers * 2 * text.num_key_value_heads * width
    assert joint.token_megabytes() == pytest.approx(numbers * 4 / 2**20)
    longer = Row((*row.prompt, 1), None, 6)
    assert joint.slots([longer]) == 2 * (len(row.prompt) + 1 + 6)
    kept = joint.kept(row)
    assert kept.tokens == row.prompt
    assert kept.megabytes() == pytest.approx(len(row.prompt) * joint.token_megabytes())


def test_two_pictures_in_one_decode_answer_as_in_the_library(tiny, four) -> None:
    """Two rows take the quick way at every token; the library answers each alone."""
    question = "Who is this person?"
    prompt = tiny.prompter.conversation((), question, True)
    images = [e.train_images[0] for e in four.entities[:2]]
    pixels = [tiny.prompter.pixels([decode_image(i)]) for i in images]
    with torch.no_grad():
        features = [tiny.vision.features(p)[0] for p in pixels]
        expected = [
            tiny.model.generate(
                input_ids=torch.tensor([prompt]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                pixel_values=p,
                max_new_tokens=12,
                do_sample=False,
            )[0, len(prompt) :].tolist()
            for p in pixels
        ]
    *_, answers = decode(tiny, [prompt] * 2, features, 12)
    end = tiny.prompter.end_id
    assert answers == [ids[: ids.index(end)] if end in ids else ids for ids in expected]
