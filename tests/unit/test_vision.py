"""The visual module in two parts: stem and tail together are the whole."""

from __future__ import annotations

import pytest
import torch

from lab.benchmarks.images import decode
from lab.model.overlay import overlay


@pytest.mark.parametrize("which", ["tiny", "tiny_clip"])
@pytest.mark.parametrize("blocks", [1, 2])
def test_tail_of_stem_equals_the_features(which: str, blocks: int, request, four) -> None:
    loaded = request.getfixturevalue(which)
    vision = loaded.vision
    pixels = loaded.prompter.pixels([decode(e.train_images[0]) for e in four.entities[:2]])
    with torch.no_grad():
        stem = vision.stem(pixels, blocks)
        assert torch.allclose(vision.tail(stem, blocks), vision.features(pixels), atol=1e-5)
        changed = {n: p + 0.1 for n, p in vision.trainable(blocks).items()}
        with overlay(loaded.model, changed):
            assert torch.equal(vision.stem(pixels, blocks), stem)  # no trained weight is in it
            assert torch.allclose(vision.tail(stem, blocks), vision.features(pixels), atol=1e-4)


@pytest.mark.parametrize("which", ["tiny", "tiny_clip"])
def test_features_are_the_librarys(which: str, request, four) -> None:
    loaded = request.getfixturevalue(which)
    pixels = loaded.prompter.pixels([decode(four.entities[0].train_images[0])])
    ids = torch.tensor([loaded.prompter.conversation((), "Who?", True)])
    with torch.no_grad():
        out = loaded.model(input_ids=ids, pixel_values=pixels)
        mine = loaded.vision.features(pixels)
    assert mine.shape == (1, 5 if which == "tiny" else 4, 32)
    assert torch.allclose(out.image_hidden_states.reshape(mine.shape), mine, atol=1e-6)
