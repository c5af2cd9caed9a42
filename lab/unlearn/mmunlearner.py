"""MMUnlearner: ascent on the target within a Fisher mask, descent on the others outside it too.

    m = 1[F_T / F_P >= d_F] at theta_0,   g = -a_f m (.) grad CE(D_f) + a_r grad CE(D_r)

Source: arXiv 2502.11051; T = the target's VQA; P = the others' VQA for the vision mask and, for
the language mask, the target's and the others' text-only questions too. As published: the mask
gates the ascent alone, every weight has its own ratio, d_F = 1. Ours: both terms in one step and
clipping after the mask, where the released code alternates and clips before it; the cap on the
ascent; vision scope as the default. The released code's defects are not repeated: the
masks are made over the very tensors that are trained, every one has an entry, and what a mask
holds back reaches neither gradient nor momentum. Language weights may be quantised, so their mask
lies over a LoRA's B; A has no gradient at the start, hence no saliency: only descent moves it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence

import torch

from lab.benchmarks.schema import Entity
from lab.events import Event
from lab.model.load import Loaded
from lab.model.overlay import LANGUAGE, language_part
from lab.recipe import Recipe
from lab.saliency import language
from lab.saliency.fisher import Fisher, Sample
from lab.saliency.mask import Masked, density, masked, stability
from lab.unlearn.batches import Rows, asked_by_image, sampled
from lab.unlearn.grad_diff import step
from lab.unlearn.method import Method, Stopped
from lab.unlearn.outcome import Outcome
from lab.unlearn.reuse import KeptSides
from lab.unlearn.stages import fisher_sides, visual_mask


def preserved(rows: Rows, n: int) -> list[Sample]:
    """P of the language mask: n samples, a third each of retain VQA and of the target's and the
    others' text-only questions; both halves of the list hold all three kinds.
    """

    def text(entity: Entity) -> list[Sample]:
        return [
            Sample(None, q.text, q.answer) for q in entity.train_questions if q.modality == "text"
        ]

    seen = [
        Sample(q.image or rows.stage_rng.choice(e.train_images), q.text, q.answer)
        for e in rows.others
        for q in asked_by_image(e)
    ]
    kinds = (seen, text(rows.entity), [s for e in rows.others for s in text(e)])
    drawn = [sampled(rows.stage_rng, kind, -(-n // 3), shuffled=True) for kind in kinds]
    mixed = [kind[k] for k in range(max(map(len, drawn))) for kind in drawn if k < len(kind)]
    return mixed[:n]


def estimate_of(recipe: Recipe) -> str:
    """Weight by weight, never by neuron: of batches where the recipe says so, else of samples."""
    return "batch" if recipe.estimate == "batch" else "weight"


def language_mask(
    loaded: Loaded, rows: Rows, recipe: Recipe, outcome: Outcome, stopped: Stopped
) -> Generator[Event, None, Masked | None]:
    """Leave the LoRA's mask in ``outcome``, an entry for every tensor, unless stopped."""
    started = time.perf_counter()
    adapter = language_part(outcome.delta)
    samples = (
        rows.fisher_samples(recipe.fisher_samples)[0],
        preserved(rows, recipe.fisher_samples),
    )

    def squared(part: Sequence[Sample], together: bool) -> Fisher:
        return language.squared_gradients(loaded, adapter, part, together)

    estimate = estimate_of(recipe)
    kept = KeptSides(rows.entity.id, "language", samples, estimate == "batch", outcome)
    sides = yield from fisher_sides(loaded, samples, estimate, squared, outcome, stopped, kept)
    if sides is None:
        return None
    made = masked(sides, {}, recipe.mask_threshold)
    outcome.mask |= {f"{LANGUAGE}{n}": m for n, m in made.mask.items()}
    outcome.mask |= {
        f"{LANGUAGE}{n}": torch.zeros_like(t, dtype=torch.bool)
        for n, t in adapter.items()
        if n.endswith(".A")
    }
    outcome.seconds["fisher"] = outcome.seconds.get("fisher", 0.0) + time.perf_counter() - started
    yield language.summary(
        made,
        recipe.mask_threshold,
        (len(samples[0]), len(samples[1])),
        estimate,
    )
    return made


def mask_stage(
    loaded: Loaded, rows: Rows, recipe: Recipe, outcome: Outcome, stopped: Stopped
) -> Iterator[Event]:
    """The masks of the scope's parts, at the original weights."""
    made = []
    if recipe.scope in ("vision", "both"):
        made.append(
            (yield from visual_mask(loaded, rows, recipe, outcome, stopped, estimate_of(recipe)))
        )
    if recipe.scope in ("language", "both") and not stopped():
        made.append((yield from language_mask(loaded, rows, recipe, outcome, stopped)))
    masks = [m for m in made if m is not None]
    outcome.mask_density, outcome.mask_stability = density(masks), stability(masks)


def _trained(recipe: Recipe) -> tuple[str, ...]:
    return ("vision", "language") if recipe.scope == "both" else (recipe.scope,)


METHOD = Method(stages=(mask_stage,), losses=step, trained=_trained)
