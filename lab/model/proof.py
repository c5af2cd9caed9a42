"""A model is proven on loading: what was found by structure does what its own code does.

Three checks with two pictures of noise: the replay of the last blocks equals the plain forward, a
packed pass equals single rows through the library's own forward, and a gradient arrives in every
tensor that a run may train. A model that passed is not asked again while its config, its
quantisation and the library's version stay the same. All of it is our choice.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from torch import nn

from lab.errors import LabError
from lab.files import put
from lab.model.families import Family
from lab.model.fetch import Report
from lab.model.free_memory import lacks_memory
from lab.model.language import image_token
from lab.model.loaded import Loaded
from lab.model.low_memory import explained, relieved
from lab.model.overlay import overlay
from lab.model.sequences import Tree, pack, segment_means, target_log_probs

KEPT = "proven.json"  # in the cache folder: the keys of the models that passed
EDITION = 1  # of this proof: a higher one asks every model again
SIDE = 96  # pixels of the pictures of noise
ASKED = (("Who is this?", ("Ada", "it is nobody")), ("Where?", ("Oslo",)))
EXACT, ROUNDED = 1e-3, 0.1  # of float32, and of what is rounded to fewer bits
BY_HAND = "name the parts by hand with --tower NAME --projector NAME, or choose another model"


def prove_once(loaded: Loaded, cache: Path, report: Report) -> None:
    """Prove a model unless one of its config passed before; ``LabError`` names the part that fails."""
    if loaded.vision.family.flow.sees == "prompt":
        report("Each question takes a pass of its own with this family, which is slower.")
    key, kept = _key(loaded), _kept(cache / KEPT)
    if key in kept:
        return
    report("Proving that the model's parts work as they were found (once) …")
    prove(loaded)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs proving again
        cache.mkdir(parents=True, exist_ok=True)
        put(cache / KEPT, json.dumps([*kept, key], indent=1) + "\n")


@explained()
def prove(loaded: Loaded) -> None:
    """The three checks; raises ``LabError`` with the part, what was found and how to name it."""
    with refusing(loaded.name, loaded.vision.family):
        pixels = loaded.prompter.pixels([_noise(0), _noise(1)]).to(loaded.device)
        _prove_replay(loaded, pixels)
        _prove_packed(loaded, pixels[:1])
        _prove_gradient(loaded, pixels[:1])


@contextlib.contextmanager
def refusing(name: str, family: Family) -> Iterator[None]:
    """Turn what the library raises where a model is used in a way it is not made for into a word."""
    try:
        yield
    except (TypeError, ValueError, RuntimeError, LookupError, AttributeError) as error:
        if lacks_memory(error):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise LabError(
            f"{name} fails the proof: pictures do not go from {family.tower} through "
            f"{family.projector} to {family.language} ({reason}): {BY_HAND}"
        ) from None


def _prove_replay(loaded: Loaded, pixels: torch.Tensor) -> None:
    """The last blocks from what enters them: the same features, for the fewest and for most blocks."""
    vision = loaded.vision
    with torch.no_grad():
        plain = vision.features(pixels)
        if torch.allclose(plain[0], plain[1]):
            raise _failed(loaded, f"{vision.family.projector} gives the same for every picture")
        for blocks in sorted({1, len(vision.blocks)}):
            again = vision.tail(vision.stem(pixels, blocks), blocks)
            off = float((again - plain).norm() / plain.norm())
            if not off < (EXACT if loaded.device.type == "cpu" else ROUNDED):
                raise _failed(
                    loaded,
                    f"replaying the last {blocks} blocks of {vision.family.stack} parts from the "
                    f"plain pass by {off:.1%}",
                )


def _prove_packed(loaded: Loaded, pixels: torch.Tensor) -> None:
    """Questions that share a picture's pass score as each alone in the library's forward."""
    tree = loaded.prompter.tree(0, ASKED)
    packed = pack([tree], loaded.prompter.pad_id, loaded.device)
    with torch.no_grad():
        features = loaded.vision.features(pixels)
        shared = segment_means(target_log_probs(loaded.model, packed, features), packed)
        single = torch.stack(list(_single(loaded, tree, pixels)))
    off = float((shared - single).abs().max())
    if not off < (ROUNDED if _rounds(loaded) else EXACT):
        raise _failed(
            loaded,
            f"{loaded.vision.family.language} scores answers of one picture otherwise together than "
            f"one by one, by {off:.3f}",
        )


def _rounds(loaded: Loaded) -> bool:
    """Whether the language model multiplies numbers of fewer bits than float32 has."""
    fewer = loaded.quantization in ("int8", "nf4") or _stored(loaded) != torch.float32
    return fewer or loaded.device.type != "cpu"


def _stored(loaded: Loaded) -> torch.dtype:
    """The number format of the language model beside its quantised weights."""
    dtype: torch.dtype = cast(Any, loaded.model).get_input_embeddings().weight.dtype
    return dtype


def _single(loaded: Loaded, tree: Tree, pixels: torch.Tensor) -> Iterable[torch.Tensor]:
    """Mean log-probability of each answer, its row alone through the library's own forward."""
    flow, token = loaded.vision.family.flow, image_token(loaded.model)
    for segment in (s for s in tree.segments if s.target):
        path = [segment]
        while path[0].parent >= 0:
            path.insert(0, tree.segments[path[0].parent])
        ids = torch.tensor([[i for s in path for i in s.ids]], device=loaded.device)
        n = len(segment.ids)
        marks = flow.marks(ids, token, n)
        scores = loaded.model(input_ids=ids, **flow.given(pixels), **marks).logits[0, -n - 1 : -1]
        yield torch.log_softmax(scores.float(), -1).gather(-1, ids[0, -n:, None]).mean()


def _prove_gradient(loaded: Loaded, pixels: torch.Tensor) -> None:
    """The answers' loss reaches every tensor of the visual module that a run may train."""
    vision, prompter = loaded.vision, loaded.prompter
    weights = {n: nn.Parameter(p.detach()) for n, p in vision.trainable(len(vision.blocks)).items()}
    packed = pack([prompter.tree(0, ASKED)], prompter.pad_id, loaded.device)
    with overlay(loaded.model, weights), torch.enable_grad(), relieved(loaded, packed):
        loss = -target_log_probs(loaded.model, packed, vision.features(pixels)).mean()
        grads = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
    for name, grad in zip(weights, grads, strict=True):
        if grad is None or not bool(torch.isfinite(grad).all()) or not bool(grad.any()):
            raise _failed(loaded, f"no gradient arrives in {name}")


def _failed(loaded: Loaded, found: str) -> LabError:
    family = loaded.vision.family
    return LabError(
        f"{loaded.name} fails the proof: {found} (found: tower {family.tower}, projector "
        f"{family.projector}): {BY_HAND}"
    )


def _noise(seed: int) -> Image.Image:
    """A picture of random squares, big enough to survive any resizing."""
    draw = torch.Generator().manual_seed(seed)
    small = torch.randint(0, 256, (8, 8, 3), generator=draw, dtype=torch.uint8)
    return Image.fromarray(small.numpy()).resize((SIDE, SIDE), Image.Resampling.NEAREST)


def _key(loaded: Loaded) -> str:
    """What a passed proof holds for."""
    import transformers

    family, whole = loaded.vision.family, cast(Any, loaded.model).config
    config = json.dumps(whole.to_dict(), sort_keys=True, default=str)
    parts = (
        f"{EDITION} {transformers.__version__} {loaded.quantization} {loaded.device.type} "
        f"{_stored(loaded)}",
        f"{family.tower} {family.projector} {loaded.prompter.processor.template}",
        config,
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _kept(path: Path) -> list[str]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [key for key in held if isinstance(key, str)] if isinstance(held, list) else []
