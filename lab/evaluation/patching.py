"""At which depth the answer is lost: one model's activations patched into another, depth by depth.

After Unlearning Depth Score (arXiv 2605.24614, gnueaj/unlearning-depth-score), which patches the
hidden states of a text model's layers and reads the log-probability of the answer. Ours: the layers
are those of the visual module and all tokens of a picture are patched; what is read are accuracy
and the right option's probability on held-out questions; both directions are asked; and nothing is
made of it but the figures themselves, for its score needs a retain model of the same weights.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import Any, cast

import torch

from lab.benchmarks.schema import Benchmark, Entity
from lab.evaluation.asks import asks_about, forget_asks, pictured, sampled_others
from lab.evaluation.likelihood import Likelihood, likelihoods
from lab.evaluation.questions import Ask, Steps, image_features
from lab.events.where import UNPATCHED, Patched, Patching
from lab.model.low_memory import in_halves
from lab.model.overlay import visual_part
from lab.model.version import Version
from lab.model.vision import Vision

AT_ONCE = 16
MOST_OTHERS, PER_OTHER = 12, 3  # people asked about beside the target, and questions each
TOWER, PROJECTOR = "tower", "projector"
Features = Mapping[bytes, torch.Tensor]  # [tokens, width] of each picture, by its bytes


@dataclass(frozen=True)
class Questions:
    """The target's held-out questions, and a few about other people to compare with."""

    forget: tuple[Ask, ...]
    others: tuple[Ask, ...]

    @property
    def images(self) -> list[bytes]:
        """Every picture that is asked about, once."""
        asked = (a.image for a in (*self.forget, *self.others))
        return list(dict.fromkeys(image for image in asked if image is not None))


def questions_of(benchmark: Benchmark, entity: Entity) -> Questions:
    """Forget VQA's questions, and ``PER_OTHER`` about each of ``MOST_OTHERS`` others (our choice)."""
    sampled = sampled_others(benchmark, entity.id)
    stride = -(-len(sampled) // MOST_OTHERS) or 1
    others = asks_about(sampled[::stride], pictured, PER_OTHER)
    return Questions(tuple(forget_asks(entity)), tuple(others))


def patching(into: Version, source: Version, asks: Questions) -> Steps[Patching]:
    """``into`` answers with what ``source`` makes of the pictures, up to one depth after another.

    The depths: the output of every vision block that either of them has trained, what the tower
    hands to the projector, and the projector's output. The language model is ``into``'s throughout.
    In steps: yields how many questions each batch has answered.
    """
    vision, first = into.loaded.vision, first_trained(into, source)
    names = (*(b.name for b in vision.blocks[first:]), TOWER, PROJECTOR)
    with into.on():
        own = image_features(into.loaded, asks.images)
    unpatched = yield from answers(into, asks, own, UNPATCHED)
    depths = []
    for depth, name in enumerate(names):
        features = patched_features(into, source, asks.images, first, depth)
        depths.append((yield from answers(into, asks, features, name)))
    return Patching(into.name, source.name, unpatched, tuple(depths))


def first_trained(*versions: Version) -> int:
    """The place of the shallowest live block that any of the versions may have changed."""
    vision = versions[0].loaded.vision
    names = {name for version in versions for name in visual_part(version.delta)}
    # 0 is of weights that no number of last blocks holds: then every block counts
    return len(vision.blocks) - (vision.depth(names) or len(vision.blocks))


def answers(version: Version, asks: Questions, features: Features, name: str) -> Steps[Patched]:
    """How a version answers about pictures whose projector outputs are given."""
    loaded = version.loaded
    forget = yield from version.during(likelihoods(loaded, asks.forget, features))
    others = yield from version.during(likelihoods(loaded, asks.others, features))
    return Patched(name, *_figures(forget), *_figures(others))


def _figures(made: Sequence[Likelihood]) -> tuple[float, float]:
    """Share right and mean probability; NaN of no questions."""
    if not made:
        return float("nan"), float("nan")
    return fmean(m.right for m in made), fmean(m.probability for m in made)


@torch.no_grad()
def patched_features(
    into: Version, source: Version, images: Sequence[bytes], first: int, depth: int
) -> dict[bytes, torch.Tensor]:
    """Projector outputs of ``into`` with ``source``'s activations up to and including a depth.

    ``first``: the shallowest block that differs; ``depth``: counted from it, one for each block,
    then the tower and the projector.
    """
    loaded = into.loaded

    def encoded(part: Sequence[bytes]) -> list[torch.Tensor]:
        pixels = loaded.prompter.pictures(part)
        with source.on():
            seen = activations(loaded.vision, pixels, first)
        with into.on():
            return list(continued(loaded.vision, pixels, first, seen[: depth + 1]))

    made: dict[bytes, torch.Tensor] = {}
    for at in range(0, len(images), AT_ONCE):
        part = images[at : at + AT_ONCE]
        made.update(zip(part, in_halves(encoded, part, operator.add), strict=True))
    return made


def activations(vision: Vision, pixels: torch.Tensor, first: int) -> list[Any]:
    """What pictures make of the model as it is: of each block from ``first`` on, tower, projector.

    Blocks and tower as the module hands them on; the last is [images, tokens, width], as
    ``Vision.features``.
    """
    seen: list[Any] = []

    def keep(_: torch.nn.Module, args: tuple[Any, ...], output: Any) -> None:
        seen.append(output)

    with ExitStack() as stack:
        for block in vision.block_modules[first:]:
            stack.callback(block.register_forward_hook(keep).remove)
        hook = _projector(vision).register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        stack.callback(hook.remove)
        projected = vision.features(pixels)
    return [*seen, projected]


def continued(
    vision: Vision, pixels: torch.Tensor, first: int, seen: Sequence[Any]
) -> torch.Tensor:
    """Projector outputs of the model as it is, its first depths answered by ``seen``'s activations.

    Every depth up to the last of ``seen`` is replaced, not the last alone: some families read
    earlier blocks' outputs too.
    """
    blocks = vision.block_modules[first:]
    if len(seen) == len(blocks) + 2:
        return cast(torch.Tensor, seen[-1])
    with ExitStack() as stack:
        for block, value in zip(blocks, seen, strict=False):
            stack.enter_context(_answering(block, value))
        if len(seen) > len(blocks):
            hook = _projector(vision).register_forward_pre_hook(
                lambda _, args: (seen[-1], *args[1:])
            )
            stack.callback(hook.remove)
        return vision.features(pixels)


@contextmanager
def _answering(block: torch.nn.Module, value: Any) -> Iterator[None]:
    """Have a block hand on a value, whatever enters it.

    By its ``forward``, for the library reads some blocks there and would not see what a hook makes.
    """
    own = block.__dict__.get("forward")
    block.__dict__["forward"] = lambda *args, **named: value
    try:
        yield
    finally:
        if own is None:
            block.__dict__.pop("forward", None)
        else:
            block.__dict__["forward"] = own


def _projector(vision: Vision) -> torch.nn.Module:
    return vision.model.get_submodule(vision.family.projector)
