"""Fisher by hidden neuron, and each layer's weights as a small picture: neurons x inputs, outputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from lab.events import EMPTY
from lab.model.vision import NeuronLayer
from lab.saliency.fisher import EPSILON, Fisher
from lab.saliency.mask import Masked

COLUMNS, ROWS = 192, 24  # at most: cells over the neurons, and over their inputs or outputs
FURTHEST = 300  # hundredths of log10: what lies beyond is drawn as this
Figures = tuple[np.ndarray, np.ndarray, np.ndarray]
Picture = tuple[np.ndarray, np.ndarray, int]


def of_neurons(values: Fisher, layer: NeuronLayer) -> tuple[torch.Tensor, torch.Tensor]:
    """A layer's values by neuron: of what goes in [neurons, inputs] and goes out [neurons, outputs].

    What a gate takes in stands before what the value takes in. Biases are left out.
    """
    rows = [values[f"{writer}.weight"] for writer in layer.writers]
    if layer.fused:
        rows = [half for both in rows for half in both.chunk(2)]
    return torch.cat(rows, 1), values[f"{layer.second_name}.weight"].T


def figures_of(
    made: Masked, sides: tuple[Fisher, Fisher], layer: NeuronLayer
) -> tuple[Figures, Picture]:
    """A layer's ``mean``, ``most`` and ``median`` by neuron, and ``fill``, ``mark`` and ``inputs``.

    They are those of ``NeuronFisher``. ``sides``: the forget and retain Fishers to show, in the
    units of the ratios that the mask compares.
    """
    forget, retain = sides
    f, r, live, ratio = (of_neurons(v, layer) for v in (forget, retain, made.live, made.ratios))
    compared = [torch.where(alive, v, torch.nan) for v, alive in zip(ratio, live, strict=True)]
    singles = torch.cat(
        [
            torch.where(alive, (a + EPSILON) / (b + EPSILON), 0.0)
            for a, b, alive in zip(f, r, live, strict=True)
        ],
        1,
    )
    sums = [sum(part.sum(1) for part in side) for side in (f, r)]
    median = torch.cat(compared, 1).nanmedian(1).values
    gone = median.isnan()
    mean = torch.where(gone, torch.nan, (sums[0] + EPSILON) / (sums[1] + EPSILON))
    most = torch.where(gone, torch.nan, singles.max(1).values)
    fills = [
        _cells(a, torch.nansum) / (_cells(b, torch.nansum) + EPSILON)
        for a, b in zip(f, r, strict=True)
    ]
    marks = [_cells(v, _median) for v in compared]
    fills = [torch.where(m.isnan(), torch.nan, v) for v, m in zip(fills, marks, strict=True)]
    return (
        (_array(mean), _array(most), _array(median)),
        (_hundredths(torch.cat(fills)), _hundredths(torch.cat(marks)), len(fills[0])),
    )


def _cells(
    values: torch.Tensor, reduce: Callable[[torch.Tensor, int], torch.Tensor]
) -> torch.Tensor:
    """Put [neurons, others] into cells of as many weights each: [at most ROWS, at most COLUMNS].

    The last cells may hold fewer; what they lack is NaN.
    """
    neurons, others = values.shape
    wide, high = -(-neurons // COLUMNS), -(-others // ROWS)
    columns, rows = -(-neurons // wide), -(-others // high)
    space = (0, rows * high - others, 0, columns * wide - neurons)
    whole = torch.nn.functional.pad(values, space, value=torch.nan)
    cells = whole.reshape(columns, wide, rows, high).permute(2, 0, 1, 3).flatten(2)
    return reduce(cells, -1)


def _median(cells: torch.Tensor, axis: int) -> torch.Tensor:
    return cells.nanmedian(axis).values


def _array(values: torch.Tensor) -> np.ndarray:
    return values.float().cpu().numpy()


def _hundredths(ratios: torch.Tensor) -> np.ndarray:
    logs = (ratios.clamp(min=EPSILON).log10() * 100).round().clamp(-FURTHEST, FURTHEST)
    return logs.nan_to_num(EMPTY).to(torch.int16).cpu().numpy()
