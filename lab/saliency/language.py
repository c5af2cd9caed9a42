"""Fisher saliency of the language model's LoRA: exact per-sample squared gradients of its B."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from lab.events import Saliency
from lab.model.adapter import SCALE, language_linears
from lab.model.load import Loaded
from lab.model.sequences import pack
from lab.saliency.fisher import EPSILON, Fisher, Sample, loss_of, taps
from lab.saliency.mask import Masked
from lab.saliency.summary import summarise


def squared_gradients(
    loaded: Loaded,
    adapter: Mapping[str, torch.Tensor],
    samples: Sequence[Sample],
    together: bool = False,
) -> Fisher:
    """Sum over samples of (d CE / d B)^2 of a LoRA that is still a no-op, float32, by ``NAME.B``.

    With B = 0, a row's gradient of B is SCALE * g^T (a A^T) and that of A is zero. One batched
    pass, as for the visual weights, ``together`` too; a sample without a picture is a text-only row.
    """
    linears, prompter = language_linears(loaded.model), loaded.prompter
    images = [s.image for s in samples if s.image is not None]
    place = iter(range(len(images)))
    trees = [
        prompter.tree(None if s.image is None else next(place), [(s.question, [s.answer])])
        for s in samples
    ]
    packed = pack(trees, prompter.pad_id, loaded.device)
    features = None
    if images:
        with torch.no_grad():
            features = loaded.vision.features(prompter.pictures(images))
    with taps(linears) as (inputs, grads), torch.enable_grad():
        loss_of(loaded, trees, packed, features, together).backward()
    count = 1 if together else len(samples)
    total: Fisher = {}
    for name in linears:
        if name not in inputs:  # of a cross-attention layer: no row has a picture
            total[f"{name}.B"] = torch.zeros_like(adapter[f"{name}.B"], dtype=torch.float32)
            continue
        a = inputs[name].reshape(count, -1, inputs[name].shape[-1]).float()
        g = grads[name].reshape(count, -1, grads[name].shape[-1]).float()
        low = adapter[f"{name}.A"].detach()
        rows = torch.stack([SCALE * g[row].T @ (a[row] @ low.T) for row in range(count)])
        total[f"{name}.B"] = rows.square().sum(0)
    return total


def summary(made: Masked, threshold: float, samples: tuple[int, int], estimate: str) -> Saliency:
    """The maps of the page: language layers x projections, a weight a cell."""
    cells = {_cell(name): [name] for name in made.mask}
    return summarise(made, cells, threshold, samples, estimate, _of_one)


def _of_one(made: Masked, names: Sequence[str]) -> tuple[float, float]:
    """A cell's mean Fisher ratio and density as quotients in float32, as every stored run has them.

    ``over_all`` would give the same but for the last digits, and equal runs must have equal events.
    """
    (name,) = names
    return (
        float(made.forget[name].mean() / (made.retain[name].mean() + EPSILON)),
        float(made.mask[name].sum() / made.live[name].sum()),
    )


def _cell(name: str) -> tuple[str, str]:
    """``layers.3.mlp.up_proj.B`` lies in the row "language 3", the column "up_proj"."""
    parts = name.split(".")
    return f"language {parts[1]}", parts[-2]
