"""Forgotten or hidden: at which depth of the visual module a person is still recognised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from lab.benchmarks.schema import Benchmark, Entity
from lab.events import Depth, Identity
from lab.model.load import Loaded
from lab.model.version import Version
from lab.model.vision import Vision

AT_ONCE = 16
MOST_OTHERS = 60
RIDGE = 1e-2


@dataclass(frozen=True)
class Views:
    """Encoded pictures to learn from (``known``) and to be tested on (``asked``), target first."""

    known: list[bytes]
    known_target: int
    asked: list[bytes]
    asked_target: int


def views(benchmark: Benchmark, entity: Entity) -> Views:
    """Every training view of the target and of others; one held-out view of each other person."""
    taught = [e for _, e in benchmark.others(entity.id) if e.test_images]
    stride = -(-len(taught) // MOST_OTHERS)
    others = taught[:: max(stride, 1)]
    return Views(
        [*entity.train_images, *(i for e in others for i in e.train_images)],
        len(entity.train_images),
        [
            *entity.test_images,
            *(e.test_images[k % len(e.test_images)] for k, e in enumerate(others)),
        ],
        len(entity.test_images),
    )


def identity(version: Version, benchmark: Benchmark, entity: Entity) -> Identity:
    """Both tests on a version, after every live block and after the projector.

    A picture's feature is the mean of its tokens, in float32. This is our choice: no paper of the
    field says where to look. A probe that still finds the person shows that the memory was not
    removed there.
    """
    seen = views(benchmark, entity)
    with version.on():
        known, asked = (_features(version.loaded, images) for images in (seen.known, seen.asked))
    depths = tuple(
        Depth(
            name,
            nearest(known[name], seen.known_target, asked[name][: seen.asked_target]),
            linear(known[name], seen.known_target, asked[name], seen.asked_target),
        )
        for name in known
    )
    return Identity(
        version.name,
        depths,
        seen.asked_target,
        len(seen.asked) - seen.asked_target,
        seen.known_target / len(seen.known),
    )


@torch.no_grad()
def _features(loaded: Loaded, images: Sequence[bytes]) -> dict[str, torch.Tensor]:
    """Mean over tokens after every live block and the projector: name -> [images, width]."""
    made: dict[str, list[torch.Tensor]] = {}
    for at in range(0, len(images), AT_ONCE):
        pixels = loaded.prompter.pictures(images[at : at + AT_ONCE])
        for name, value in _depths(loaded.vision, pixels):
            made.setdefault(name, []).append(value.float().mean(1))
    return {name: torch.cat(parts) for name, parts in made.items()}


def _depths(vision: Vision, pixels: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """(name, [images, tokens, width]) in the order the picture passes."""
    seen: list[torch.Tensor] = []

    def keep(
        module: torch.nn.Module,
        args: tuple[torch.Tensor, ...],
        output: torch.Tensor | tuple[torch.Tensor, ...],
    ) -> None:
        hidden = output[0] if isinstance(output, tuple) else output
        # some towers run all pictures as one sequence
        seen.append(hidden.reshape(len(pixels), -1, hidden.shape[-1]))

    handles = [module.register_forward_hook(keep) for module in vision.block_modules]
    try:
        projected = vision.features(pixels)
    finally:
        for handle in handles:
            handle.remove()
    yield from zip((b.name for b in vision.blocks), seen, strict=True)
    yield "projector", projected


def nearest(known: torch.Tensor, targets: int, asked: torch.Tensor) -> float:
    """Share of ``asked`` whose most similar known view is one of the first ``targets``.

    Cosine similarity after taking off the known views' mean. known: [n, width]; asked: [m, width].
    """
    centre = known.mean(0)
    unit = torch.nn.functional.normalize
    best = (unit(asked - centre, dim=1) @ unit(known - centre, dim=1).T).argmax(1)
    return float((best < targets).float().mean())


def linear(known: torch.Tensor, targets: int, asked: torch.Tensor, asked_targets: int) -> float:
    """Balanced accuracy on ``asked`` of a ridge classifier that tells the first ``targets`` apart.

    Both classes weigh the same in fitting; features are standardised on the known views. The
    penalty is ``RIDGE`` of the Gram matrix's mean diagonal. known: [n, width]; asked: [m, width].
    """
    centre, spread = known.mean(0), known.std(0) + 1e-6
    x, held = (known - centre) / spread, (asked - centre) / spread
    y = torch.full((len(x), 1), -1.0, device=x.device)
    y[:targets] = 1.0
    weight = torch.full((len(x), 1), 0.5 / (len(x) - targets), device=x.device)
    weight[:targets] = 0.5 / targets
    middle = (weight * x).sum(0)
    x, held = (x - middle) * weight.sqrt(), held - middle
    # dual form: there are fewer views than features, and the weighted classes balance, so the
    # threshold is zero
    gram = x @ x.T
    penalty = RIDGE * gram.diagonal().mean()
    fitted = torch.linalg.solve(
        gram + penalty * torch.eye(len(x), device=x.device), y * weight.sqrt()
    )
    score = (held @ x.T @ fitted)[:, 0]
    hits = (score[:asked_targets] > 0).float().mean(), (score[asked_targets:] <= 0).float().mean()
    return float(sum(hits) / 2)
