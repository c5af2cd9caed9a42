"""Fisher saliency: exact per-sample squared gradients of visual weights, and the mask from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from lab.model.load import Loaded
from lab.model.low_memory import in_halves, relieved
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.model.vision import NeuronLayer

EPSILON = 1e-15
GROUPS = ("in weight", "in bias", "out weight", "out bias")

Fisher = dict[str, torch.Tensor]
Hook = Callable[..., torch.Tensor]


@dataclass(frozen=True)
class Sample:
    """One (picture, question, answer) of D_f or D_r; without a picture a text-only row."""

    image: bytes | None
    question: str
    answer: str

    @property
    def picture(self) -> bytes:
        """The picture of a row that has one."""
        assert self.image is not None
        return self.image


def linears(layers: Sequence[NeuronLayer]) -> dict[str, torch.nn.Linear]:
    """The Linear modules of each layer by full name, in the order they run."""
    return {name: module for layer in layers for name, module in layer.linears.items()}


@contextmanager
def taps(
    modules: Mapping[str, torch.nn.Linear],
) -> Iterator[tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]]:
    """Record inputs a [..., in] and output gradients g [..., out] of frozen Linear modules.

    The graph starts at the first modules' outputs, so nothing shallower is differentiated.
    """
    inputs: dict[str, torch.Tensor] = {}
    grads: dict[str, torch.Tensor] = {}

    def tap(name: str) -> Hook:
        def hook(
            _: torch.nn.Module, args: tuple[torch.Tensor, ...], output: torch.Tensor
        ) -> torch.Tensor:
            inputs[name] = args[0].detach()
            if not output.requires_grad:
                output = output.detach().requires_grad_(True)
            output.register_hook(lambda g: grads.__setitem__(name, g.detach()))
            return output

        return hook

    handles = [m.register_forward_hook(tap(n)) for n, m in modules.items()]
    try:
        yield inputs, grads
    finally:
        for handle in handles:
            handle.remove()


def squared_gradients(
    loaded: Loaded, layers: Sequence[NeuronLayer], samples: Sequence[Sample]
) -> Fisher:
    """Sum over samples of (d CE / d theta)^2 at the weights now laid on, float32, by full name.

    One batched pass: rows do not mix in vision tower, projector or language model, so each row's
    weight gradient is g^T a of that row alone; a tower that lays all pictures' patches end to end
    keeps each picture's together. CE is the mean over the sample's answer tokens.
    """
    modules = linears(layers)
    prompter = loaded.prompter
    pixels = prompter.pictures([s.picture for s in samples])
    trees = [prompter.tree(k, [(s.question, [s.answer])]) for k, s in enumerate(samples)]
    packed = pack(trees, prompter.pad_id, loaded.device)
    with taps(modules) as (inputs, grads), torch.enable_grad(), relieved(loaded, packed):
        features = loaded.vision.features(pixels)
        losses = -segment_means(target_log_probs(loaded.model, packed, features), packed)
        losses.sum().backward()
    total: Fisher = {}
    for name, module in modules.items():
        a = inputs[name].reshape(len(samples), -1, module.in_features).float()
        g = grads[name].reshape(len(samples), -1, module.out_features).float()
        weight = torch.zeros_like(module.weight, dtype=torch.float32)
        for row in range(len(samples)):
            weight += (g[row].T @ a[row]).square_()
        total[f"{name}.weight"] = weight
        if module.bias is not None:
            total[f"{name}.bias"] = g.sum(1).square().sum(0)
    return total


def fisher_halves(
    loaded: Loaded, layers: Sequence[NeuronLayer], samples: Sequence[Sample], batch: int = 8
) -> Iterator[tuple[Fisher, Fisher]]:
    """Yield after every batch the mean squared gradients of two disjoint halves so far."""
    yield from halves_of(samples, lambda part: squared_gradients(loaded, layers, part), batch)


def halves_of(
    samples: Sequence[Sample], squared: Callable[[Sequence[Sample]], Fisher], batch: int = 8
) -> Iterator[tuple[Fisher, Fisher]]:
    """The same for any ``squared`` that sums the squared gradients of some samples.

    A batch that does not fit in memory goes in two halves.
    """
    halves: tuple[Fisher, Fisher] = ({}, {})
    seen = [0, 0]
    middle = (len(samples) + 1) // 2
    parts = [
        (k, half[at : at + batch])
        for k, half in enumerate((samples[:middle], samples[middle:]))
        for at in range(0, len(half), batch)
    ]
    for k, part in parts:
        for name, value in in_halves(squared, part, _added).items():
            halves[k][name] = halves[k][name] + value if name in halves[k] else value
        seen[k] += len(part)
        one, other = ({n: v / max(seen[j], 1) for n, v in halves[j].items()} for j in (0, 1))
        yield one, other


def _added(one: Fisher, other: Fisher) -> Fisher:
    return {n: value + other[n] for n, value in one.items()}


def mean_of(halves: tuple[Fisher, Fisher]) -> Fisher:
    """The Fisher of all samples from those of two equal halves."""
    return {n: (v + halves[1][n]) / 2 for n, v in halves[0].items()}


def by_neuron(fisher: Fisher, layers: Sequence[NeuronLayer]) -> Fisher:
    """Give each weight its hidden neuron's mean Fisher (row of a writer, column of ``second``).

    A single weight's ratio of two near-zero numbers is noise on a memorised model; a neuron's
    mean over hundreds of weights is not. Our choice; ``out bias`` stays as it is.
    """
    smooth: Fisher = {}
    for layer in layers:
        for writer in layer.writers:
            rows = fisher[f"{writer}.weight"].mean(1)
            smooth[f"{writer}.weight"] = rows[:, None].expand_as(fisher[f"{writer}.weight"])
            if f"{writer}.bias" in fisher:
                smooth[f"{writer}.bias"] = rows
        second = fisher[f"{layer.second_name}.weight"]
        smooth[f"{layer.second_name}.weight"] = second.mean(0)[None].expand_as(second)
        if f"{layer.second_name}.bias" in fisher:
            smooth[f"{layer.second_name}.bias"] = fisher[f"{layer.second_name}.bias"]
    return smooth


def relative(fisher: Fisher) -> Fisher:
    """Divide by the mean over all weights, so that a side's larger loss does not pass for saliency.

    Our choice: then d_F = 1 asks for more than the target's average share, whatever the losses.
    """
    mean = sum(float(v.sum()) for v in fisher.values()) / sum(v.numel() for v in fisher.values())
    return {n: v / max(mean, EPSILON) for n, v in fisher.items()}


def ratio(forget: Fisher, retain: Fisher) -> Fisher:
    """(F_f + 1e-15) / (F_r + 1e-15) in float32 (MMUnlearner's form of the saliency ratio)."""
    return {n: (forget[n] + EPSILON) / (retain[n] + EPSILON) for n in forget}


def live_weights(forget: Fisher, retain: Fisher, pruned: Mapping[str, torch.Tensor]) -> Fisher:
    """Bool by name: weights that are not pruned and have a gradient on either side."""
    return {n: ((forget[n] > 0) | (retain[n] > 0)) & ~pruned[n] for n in forget}


def mask_from(ratios: Fisher, live: Fisher, threshold: float) -> Fisher:
    """m = 1[ratio >= d_F] over live weights: bool by name."""
    return {n: (ratios[n] >= threshold) & live[n] for n in ratios}


def overlap(one: Fisher, other: Fisher, live: Fisher) -> tuple[float, float]:
    """Intersection over union of two masks, and what two random masks of these densities have."""
    both = sum(int((one[n] & other[n]).sum()) for n in one)
    either = sum(int((one[n] | other[n]).sum()) for n in one)
    total = sum(int(live[n].sum()) for n in live)
    p = sum(int(m.sum()) for m in one.values()) / max(total, 1)
    q = sum(int(m.sum()) for m in other.values()) / max(total, 1)
    expected = p * q / (p + q - p * q) if p + q else 0.0
    return (both / either if either else 0.0), expected


def cells(layers: Sequence[NeuronLayer], ratios: Fisher) -> dict[tuple[str, str], list[str]]:
    """The visual weights' names by layer and group; a gate counts among what goes in."""
    made: dict[tuple[str, str], list[str]] = {}
    for layer in layers:
        parts = (
            (modules, leaf)
            for modules in (layer.writers, (layer.second_name,))
            for leaf in ("weight", "bias")
        )
        for group, (modules, leaf) in zip(GROUPS, parts, strict=True):
            names = [f"{module}.{leaf}" for module in modules]
            made[layer.name, group] = [n for n in names if n in ratios]
    return made
