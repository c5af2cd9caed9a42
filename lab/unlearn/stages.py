"""Stages before training: pruning by importance and the Fisher mask at the pruned weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from lab.events import Event, NeuronFisher, Phase
from lab.model.load import Loaded
from lab.model.overlay import Delta, overlay
from lab.model.vision import NeuronLayer
from lab.recipe import Recipe
from lab.saliency import fisher as fim
from lab.saliency.fisher import Fisher, Halves, Sample, Squared, halves_of
from lab.saliency.importance import importance
from lab.saliency.mask import Masked, as_it_is, density, masked, stability
from lab.saliency.neurons import figures_of
from lab.saliency.places import THRESHOLDS, glow, gradient_maps, pictured
from lab.saliency.summary import summarise
from lab.unlearn.batches import Rows, asked_by_image
from lab.unlearn.method import Stopped
from lab.unlearn.outcome import Outcome
from lab.unlearn.reuse import KeptSides, activations


def prune_stage(
    loaded: Loaded, rows: Rows, recipe: Recipe, outcome: Outcome, stopped: Stopped
) -> Iterator[Event]:
    """Stage 1: zero the visual neurons that are most the target's, in ``outcome.delta``."""
    layers = loaded.vision.layers(recipe.blocks)
    started = time.perf_counter()
    yield Phase("importance")
    images = rows.importance_images()
    found = activations(loaded, layers, rows.entity.id, images, outcome)
    scored = importance(loaded, layers, *images, recipe.prune_share, found)
    outcome.scores = scored.score
    outcome.pruned_neurons = int(sum(p.sum() for p in scored.pruned))
    outcome.pruned = prune(outcome.delta, layers, scored.pruned)
    outcome.seconds["importance"] = time.perf_counter() - started
    yield scored
    yield glow(loaded, layers, rows.entity.train_images[0], scored.score, scored.retain)


def prune(
    delta: dict[str, torch.Tensor], layers: tuple[NeuronLayer, ...], marks: Sequence[np.ndarray]
) -> dict[str, torch.Tensor]:
    """Zero each marked neuron's in-row, bias and out-column in ``delta``; returns where, by name.

    Both sides must go: then both gradients are exactly zero and the neuron cannot grow back.
    """
    pruned = places(delta, layers, marks)
    for name, tensor in delta.items():
        tensor[pruned[name]] = 0.0
    return pruned


def places(
    delta: Mapping[str, torch.Tensor], layers: tuple[NeuronLayer, ...], marks: Sequence[np.ndarray]
) -> dict[str, torch.Tensor]:
    """Where the marked neurons' in-rows, biases and out-columns are, bool by name, as ``delta``."""
    found = {n: torch.zeros_like(t, dtype=torch.bool) for n, t in delta.items()}
    for layer, mark in zip(layers, marks, strict=True):
        neurons = torch.from_numpy(mark).to(layer.second.weight.device)
        rows = layer.rows(neurons)
        for writer in layer.writers:
            found[f"{writer}.weight"][rows, :] = True
            if f"{writer}.bias" in found:
                found[f"{writer}.bias"][rows] = True
        found[f"{layer.second_name}.weight"][:, neurons] = True
    return found


def inspect_left(
    loaded: Loaded, rows: Rows, recipe: Recipe, delta: Delta, stopped: Stopped
) -> Iterator[Event]:
    """Inspect the model that a run left: both stages' events at its weights, and nothing is pruned.

    ``delta``: the visual weights that it left. Rows of one seed draw the same pictures and samples
    here and in an inspection of the original, so that the two can be compared.
    """
    layers, outcome = loaded.vision.layers(recipe.blocks), Outcome()
    outcome.delta = {n: p.detach() for n, p in loaded.vision.trainable(recipe.blocks).items()}
    outcome.delta |= delta
    yield Phase("importance")
    images = rows.importance_images()
    with overlay(loaded.model, outcome.delta):
        scored = importance(loaded, layers, *images, recipe.prune_share)
    yield scored
    with overlay(loaded.model, outcome.delta):
        shown = glow(loaded, layers, rows.entity.train_images[0], scored.score, scored.retain)
    yield shown
    yield from mask_stage(loaded, rows, replace(recipe, mask_mode="all"), outcome, stopped)


def mask_stage(
    loaded: Loaded, rows: Rows, recipe: Recipe, outcome: Outcome, stopped: Stopped
) -> Iterator[Event]:
    """Stage 2: the Fisher mask over the visual weights, estimated as the recipe says."""
    if recipe.mask_mode == "off":
        outcome.mask_density = 1.0
        return

    def by_neuron(fisher: Fisher) -> Fisher:
        return fim.relative(fim.by_neuron(fisher, loaded.vision.trained(recipe.blocks)))

    smooth = by_neuron if recipe.estimate == "neuron" else as_it_is
    made = yield from visual_mask(loaded, rows, recipe, outcome, stopped, recipe.estimate, smooth)
    if made is not None:
        outcome.mask_density, outcome.mask_stability = density([made]), stability([made])


def visual_mask(
    loaded: Loaded,
    rows: Rows,
    recipe: Recipe,
    outcome: Outcome,
    stopped: Stopped,
    estimate: str,
    smooth: Callable[[Fisher], Fisher] = as_it_is,
) -> Generator[Event, None, Masked | None]:
    """Put the mask of the visual weights into ``outcome``, unless the run is stopped before.

    ``estimate``: "batch" squares the gradients of batches, all else those of samples.
    """
    layers = loaded.vision.trained(recipe.blocks)
    started = time.perf_counter()
    samples = rows.fisher_samples(recipe.fisher_samples)

    def squared(part: Sequence[Sample], together: bool) -> Fisher:
        return fim.squared_gradients(loaded, layers, part, together)

    kept = KeptSides(rows.entity.id, "vision", samples, estimate == "batch", outcome)
    sides = yield from fisher_sides(loaded, samples, estimate, squared, outcome, stopped, kept)
    if sides is None:
        return None
    made = masked(sides, outcome.pruned, recipe.mask_threshold, smooth)
    outcome.mask |= made.mask
    event = summarise(
        made,
        fim.cells(layers, made.ratios),
        recipe.mask_threshold,
        (len(samples[0]), len(samples[1])),
        estimate,
    )
    outcome.seconds["fisher"] = time.perf_counter() - started
    yield event
    with overlay(loaded.model, outcome.delta):
        seen = neuron_fisher(loaded, rows, layers, made, estimate)
    if seen is not None:
        yield seen
    return made


def neuron_fisher(
    loaded: Loaded, rows: Rows, layers: Sequence[NeuronLayer], made: Masked, estimate: str
) -> NeuronFisher | None:
    """What the page draws of a mask; None where no layer has neurons. Weights laid on stay."""
    some = [layer for layer in layers if layer.neurons]
    image = rows.entity.train_images[0]
    asked = pictured(asked_by_image(rows.entity), image)
    if not some or not asked:
        return None
    forget, retain = made.forget, made.retain
    if estimate == "neuron":  # whose ratios are relative
        forget, retain = fim.relative(forget), fim.relative(retain)
    found = [figures_of(made, (forget, retain), layer) for layer in some]
    figures, pictures = zip(*found, strict=True)
    mean, most, median = zip(*figures, strict=True)
    fill, mark, inputs = zip(*pictures, strict=True)
    maps = gradient_maps(loaded, layers, image, asked, made.ratios, made.live)
    names = tuple(layer.name for layer in some)
    return NeuronFisher(names, mean, most, median, fill, mark, inputs, THRESHOLDS, maps)


def fisher_sides(
    loaded: Loaded,
    samples: tuple[Sequence[Sample], Sequence[Sample]],
    estimate: str,
    squared: Squared,
    outcome: Outcome,
    stopped: Stopped,
    kept: KeptSides,
) -> Generator[Event, None, list[Halves] | None]:
    """Each side's Fisher in two halves, at the weights of ``outcome.delta``; None when stopped.

    Taken from ``kept`` where the same was measured before.
    """
    total, done = sum(map(len, samples)), 0
    if found := kept.find():
        yield Phase("fisher", total, total)
        return found
    sides: list[Halves] = []
    for side in samples:
        steps = halves_of(side, squared, estimate == "batch", fim.samples_at_once(loaded))
        halves = None
        while halves is None and not stopped():
            try:
                with overlay(loaded.model, outcome.delta):
                    seen = next(steps)
            except StopIteration as end:
                halves = end.value
            else:
                yield Phase("fisher", done + seen, total)
        if halves is None or stopped():
            return None
        done += len(side)
        sides.append(halves)
    kept.keep(sides)
    return sides
