"""Fisher saliency: exact per-sample squared gradients of visual weights, and the mask from them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch

from lab.errors import LabError
from lab.model.load import Loaded
from lab.model.low_memory import in_halves, relieved
from lab.model.sequences import Packed, Tree, pack, segment_means, target_log_probs
from lab.model.vision import NeuronLayer

EPSILON = 1e-15
BATCH = 4  # rows whose mean gradient MMUnlearner's released code squares
SAMPLES = 2  # of a pass: what a pass keeps grows with them, its seconds a sample hardly shrink
SAMPLES_OF_NARROW = 8  # whose pass keeps little and takes as long as its many small products
NARROW = 1024  # numbers a token in the language model: the embedded one has 576
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


Squared = Callable[[Sequence[Sample], bool], Fisher]  # of samples, one by one or together


@dataclass(frozen=True)
class Halves:
    """Mean squared gradients of two disjoint halves, and of how many each is the mean.

    ``counts``: samples, or batches where each gradient is a batch's; ``seen``: samples of both
    halves. Of a single one the second half has none, and its mean is empty.
    """

    means: tuple[Fisher, Fisher]
    counts: tuple[int, int]
    seen: int


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

    def _tap(name: str) -> Hook:
        def hook(
            _: torch.nn.Module, args: tuple[torch.Tensor, ...], output: torch.Tensor
        ) -> torch.Tensor:
            inputs[name] = args[0].detach()
            if not output.requires_grad:
                output = output.detach().requires_grad_(True)
            output.register_hook(lambda g: grads.__setitem__(name, g.detach()))
            return output

        return hook

    handles = [m.register_forward_hook(_tap(n)) for n, m in modules.items()]
    try:
        yield inputs, grads
    finally:
        for handle in handles:
            handle.remove()


def squared_gradients(
    loaded: Loaded,
    layers: Sequence[NeuronLayer],
    samples: Sequence[Sample],
    together: bool = False,
) -> Fisher:
    """Sum over samples of (d CE / d theta)^2 at the weights now laid on, float32, by full name.

    One batched pass: rows do not mix in vision tower, projector or language model, so each row's
    weight gradient is g^T a of that row alone; a tower that lays all pictures' patches end to end
    keeps each picture's together. CE is the mean over the sample's answer tokens. ``together``: the
    samples are one batch, and the gradient of their one mean loss is squared (see ``loss_of``).
    """
    modules = linears(layers)
    prompter = loaded.prompter
    pixels = prompter.pictures([s.picture for s in samples])
    trees = [prompter.tree(k, [(s.question, [s.answer])]) for k, s in enumerate(samples)]
    packed = pack(trees, prompter.pad_id, loaded.device)
    with taps(modules) as (inputs, grads), torch.enable_grad(), relieved(loaded, packed):
        features = loaded.vision.features(pixels)
        loss_of(loaded, trees, packed, features, together).backward()
    rows = 1 if together else len(samples)
    total: Fisher = {}
    for name, module in modules.items():
        a = inputs[name].reshape(rows, -1, module.in_features).float()
        g = grads[name].reshape(rows, -1, module.out_features).float()
        weight = torch.zeros_like(module.weight, dtype=torch.float32)
        for row in range(rows):
            weight += (g[row].T @ a[row]).square_()
        total[f"{name}.weight"] = weight
        if module.bias is not None:
            total[f"{name}.bias"] = g.sum(1).square().sum(0)
    return total


def loss_of(
    loaded: Loaded,
    trees: Sequence[Tree],
    packed: Packed,
    features: torch.Tensor | None,
    together: bool,
) -> torch.Tensor:
    """The loss whose gradient is squared: a sum over rows of one question with one answer each.

    Each row gives its mean CE over its answer tokens. ``together``: one mean over all text tokens
    of all rows, as in MMUnlearner's released code (``data_process/SFRon.py``): the question's and
    the template's too, but for the first of a row, which nothing predicts, and the picture's.
    Raises ``LabError`` for a model that reads the prompt both ways.
    """
    model: Any = loaded.model
    if together:
        if loaded.vision.family.flow.sees == "prompt":
            raise LabError(
                "this model reads a prompt both ways, so that its words predict nothing: "
                "set estimate to neuron or weight"
            )
        packed = _every_token(trees, packed, model.config.image_token_id)
        return -target_log_probs(model, packed, features).mean()
    return -segment_means(target_log_probs(model, packed, features), packed).sum()


def _every_token(trees: Sequence[Tree], packed: Packed, picture: int) -> Packed:
    """The same rows with every text token a target, in one segment."""
    targets = [
        (row, at - 1, token)
        for row, tree in enumerate(trees)
        for at, token in enumerate(i for segment in tree.segments for i in segment.ids)
        if at and token != picture
    ]
    rows, index, ids = torch.tensor(targets, device=packed.ids.device).T
    return replace(
        packed, rows=rows, index=index, targets=ids, segment=torch.zeros_like(rows), n_segments=1
    )


def samples_at_once(loaded: Loaded) -> int:
    """How many samples go through the model in one pass (our choice, by measurement on 2 cores)."""
    model: Any = loaded.model
    narrow = model.get_input_embeddings().embedding_dim < NARROW
    return SAMPLES_OF_NARROW if narrow else SAMPLES


def halves_of(
    samples: Sequence[Sample], squared: Squared, together: bool = False, batch: int = SAMPLES
) -> Generator[int, None, Halves]:
    """The mean squared gradients of two disjoint halves; yields after every pass how many were seen.

    ``squared`` sums those of some samples, ``batch`` at a time; a pass that does not fit in memory
    goes in two halves. ``together``: it squares one gradient of four samples (the last of fewer),
    and the means are over such batches, as in MMUnlearner's released code.
    """
    size, at_once = (BATCH, 1) if together else (1, batch)
    units = [samples[at : at + size] for at in range(0, len(samples), size)]
    middle = (len(units) + 1) // 2
    means: list[Fisher] = []
    seen = 0

    def work(part: Sequence[Sequence[Sample]]) -> Fisher:
        return squared([sample for unit in part for sample in unit], together)

    for half in (units[:middle], units[middle:]):
        sums: Fisher = {}
        for at in range(0, len(half), at_once):
            part = half[at : at + at_once]
            for name, value in in_halves(work, part, _added).items():
                sums[name] = sums[name].add_(value) if name in sums else value
            seen += sum(map(len, part))
            yield seen
        means.append({n: v.div_(len(half)) for n, v in sums.items()})
    return Halves((means[0], means[1]), (middle, len(units) - middle), seen)


def _added(one: Fisher, other: Fisher) -> Fisher:
    return {n: value + other[n] for n, value in one.items()}


def mean_of(halves: Halves) -> Fisher:
    """The Fisher of all samples: each half weighs as many samples as it has."""
    one, other = halves.means
    share = halves.counts[1] / sum(halves.counts)
    if not share:
        return one
    return {n: (1 - share) * v + share * other[n] for n, v in one.items()}


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
