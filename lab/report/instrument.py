"""What the instrument of step 2 draws, from a run's events alone: small arrays as one JSON object.

The page and a stored example draw the same object (``lab/ui/instrument.js``). Its arrays are base64
of little-endian numbers; the logarithms of strips are thousandths of log10, ``NOTHING`` for none.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from lab.events import Event, Glow, Importance, NeuronFisher, Saliency

COLUMNS = 2048  # at most in a strip, so that a layer of a 7B model is drawn as fast as a small one
NOTHING = -32768
TOP = 24  # neurons in the table
FLOOR = 1e-5  # of a ratio, before its logarithm
E = TypeVar("E", bound=Event)


def last(events: Iterable[Event], kind: type[E]) -> E | None:
    """The last event of a kind, or None."""
    return next((e for e in reversed(tuple(events)) if isinstance(e, kind)), None)


def instrument(
    before: Sequence[Event], after: Sequence[Event] = (), other: Sequence[Event] = ()
) -> dict[str, Any]:
    """The object that the page draws; {} before there is an importance.

    ``before``: the events of an inspection or a run; ``after``: those of the same inspection of the
    model that a run left; ``other``: those of another person's inspection. What they measured of
    layers that ``before`` does not have is left out.
    """
    importance = last(before, Importance)
    if importance is None:
        return {}
    ranks = ranked(importance.score)
    order = np.argsort(np.concatenate(ranks), kind="stable")
    of_layer = np.repeat(np.arange(len(ranks)), [len(r) for r in ranks])
    alive = sum(int(np.isfinite(s).sum()) for s in importance.score)
    later, theirs = last(after, Importance), last(other, Importance)
    fisher, fisher_later = last(before, NeuronFisher), last(after, NeuronFisher)
    out: dict[str, Any] = {
        "total": alive,
        "order": packed(of_layer[order][:alive], "u1"),
        "layers": [
            _strip(k, importance, ranks[k], fisher, later, fisher_later, theirs)
            for k in range(len(importance.layers))
        ],
        "top": _top(importance, order[: min(TOP, alive)], of_layer, ranks),
    }
    if saliency := last(before, Saliency):
        out["weights"] = recounted(saliency)
    for events, found, end in ((before, fisher, ""), (after, fisher_later, "_after")):
        out[f"pictures{end}"] = _pictures(importance, found)
        if glow := last(events, Glow):
            out[f"glow{end}"] = _maps(glow.shares, glow.maps)
        if found:
            out[f"source{end}"] = _maps(found.thresholds, found.maps)
    if theirs and _alike(importance, theirs):
        both = np.maximum(np.concatenate(ranks), np.concatenate(ranked(theirs.score)))
        out["shared"] = packed(np.sort(both), "u4")
    return out


def ranked(score: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each neuron's place, 0 for the highest, over all layers; who is not finite comes last.

    A share prunes the neurons of the first places; ties go to the shallower layer.
    """
    flat = np.concatenate(score)
    places = np.empty(flat.size, np.int64)
    places[np.argsort(np.where(np.isfinite(flat), -flat, np.inf), kind="stable")] = np.arange(
        flat.size
    )
    return np.split(places, np.cumsum([len(s) for s in score])[:-1])


def recounted(saliency: Saliency) -> dict[str, Any]:
    """How many live weights lie at or above each edge, of every layer and group, and of how many.

    ``above``: uint32 [layers, groups, bins]. With it the page counts for any threshold. One on an
    edge is exact, and others count from the next edge on.
    """
    above = saliency.counts[..., ::-1].cumsum(-1)[..., ::-1]
    return {
        "layers": list(saliency.layers),
        "groups": list(saliency.groups),
        "edges": [float(e) for e in saliency.edges[:-1]],
        "above": packed(above, "u4"),
    }


def packed(values: np.ndarray, kind: str) -> str:
    """The numbers as base64 of little-endian ``kind``."""
    return base64.b64encode(np.ascontiguousarray(values, f"<{kind}").tobytes()).decode("ascii")


def thousandths(ratios: np.ndarray) -> np.ndarray:
    """log10 of ratios in thousandths: float32, ``NOTHING`` where a ratio is not finite."""
    finite = np.isfinite(ratios)
    logs = np.log10(np.maximum(np.where(finite, ratios, 1.0), FLOOR)) * 1000
    return np.where(finite, logs, NOTHING).astype(np.float32)


def _strip(
    k: int,
    importance: Importance,
    ranks: np.ndarray,
    fisher: NeuronFisher | None,
    later: Importance | None,
    fisher_later: NeuronFisher | None,
    theirs: Importance | None,
) -> dict[str, Any]:
    """One layer's strip: a few neurons side by side are a column, drawn as its highest."""
    name, size = importance.layers[k], len(ranks)
    width = -(-size // COLUMNS)
    starts = np.arange(0, size, width)
    strip: dict[str, Any] = {"name": name, "neurons": size, "width": width}
    strip["rank"] = packed(np.minimum.reduceat(ranks, starts), "u4")
    strip["peak"] = packed(_peaks(ranks, starts), "u1")

    def highest(values: np.ndarray) -> str:
        return packed(np.maximum.reduceat(thousandths(values), starts), "f4")

    strip["score"] = highest(importance.score[k])
    for event, end in ((fisher, ""), (fisher_later, "_after")):
        if event and name in event.layers and len(event.mean[event.layers.index(name)]) == size:
            at = event.layers.index(name)
            strip |= {f"mean{end}": highest(event.mean[at]), f"most{end}": highest(event.most[at])}
            strip[f"median{end}"] = highest(event.median[at])
    if later and name in later.layers and len(later.score[later.layers.index(name)]) == size:
        strip["score_after"] = highest(later.score[later.layers.index(name)])
    if theirs and _alike(importance, theirs):
        strip["other"] = packed(np.minimum.reduceat(ranked(theirs.score)[k], starts), "u4")
    return strip


def _peaks(ranks: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Which neuron of each column has the best place, counted from the column's first."""
    ends = [*starts[1:], len(ranks)]
    return np.array([int(ranks[a:b].argmin()) for a, b in zip(starts, ends, strict=True)])


def _alike(one: Importance, other: Importance) -> bool:
    return one.layers == other.layers and list(map(len, one.score)) == list(map(len, other.score))


def _top(
    importance: Importance, order: np.ndarray, of_layer: np.ndarray, ranks: Sequence[np.ndarray]
) -> list[dict[str, Any]]:
    """The highest neurons with their figures, for the table."""
    first = np.cumsum([0, *(len(r) for r in ranks)])
    rows = []
    for flat in order:
        layer = int(of_layer[flat])
        neuron = int(flat - first[layer])
        sides = (side[layer][neuron] for side in (importance.forget, importance.retain))
        forget, retain = (round(float(v), 4) for v in sides)
        score = round(float(importance.score[layer][neuron]), 3)
        row = {"layer": layer, "neuron": neuron, "forget": forget, "retain": retain}
        rows.append(row | {"score": score})
    return rows


def _pictures(importance: Importance, fisher: NeuronFisher | None) -> list[dict[str, Any] | None]:
    """Each layer's weights as a picture, None for a layer without one."""
    if fisher is None:
        return [None] * len(importance.layers)
    return [
        _picture(fisher, fisher.layers.index(name)) if name in fisher.layers else None
        for name in importance.layers
    ]


def _picture(fisher: NeuronFisher, at: int) -> dict[str, Any]:
    rows, columns = fisher.fill[at].shape
    sizes = {"rows": rows, "columns": columns, "inputs": fisher.inputs[at]}
    return sizes | {"fill": packed(fisher.fill[at], "i2"), "mark": packed(fisher.mark[at], "i2")}


def _maps(stops: np.ndarray, maps: np.ndarray) -> dict[str, Any]:
    scaled = (maps.clip(0, 1) * 255).round()
    return {
        "stops": [float(s) for s in stops],
        "side": int(maps.shape[1]),
        "maps": packed(scaled, "u1"),
    }
