"""Where the visual module's parts are: live blocks, MLP neurons, projector, trainable weights."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from lab.errors import LabError


@dataclass(frozen=True)
class NeuronLayer:
    """One layer of hidden MLP neurons: ``first`` writes them, ``second`` reads them.

    ``first.weight``: [neurons, inputs]; ``second.weight``: [outputs, neurons].
    """

    name: str
    first_name: str
    second_name: str
    first: nn.Linear
    second: nn.Linear

    @property
    def neurons(self) -> int:
        return self.first.out_features


@dataclass(frozen=True)
class Vision:
    """The visual module of a LLaVA model: its live blocks (shallow to deep) and projector."""

    model: nn.Module
    blocks: tuple[NeuronLayer, ...]
    block_modules: tuple[nn.Module, ...]
    projector: NeuronLayer
    dead: tuple[str, ...]

    def layers(self, blocks: int) -> tuple[NeuronLayer, ...]:
        """The neuron layers of the last ``blocks`` live blocks and the projector."""
        return (*self.blocks[-blocks:], self.projector)

    def trainable(self, blocks: int) -> dict[str, nn.Parameter]:
        """Weights and biases of those layers by full name (``methods.md`` 1.4: our choice)."""
        named = {}
        for layer in self.layers(blocks):
            for name, linear in ((layer.first_name, layer.first), (layer.second_name, layer.second)):
                named[f"{name}.weight"] = linear.weight
                if linear.bias is not None:
                    named[f"{name}.bias"] = linear.bias
        return named

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Projector outputs P(V(I)): pixels [images, 3, side, side] -> [images, tokens, width]."""
        out = self.model.model.get_image_features(pixel_values=pixels, return_dict=True)
        return torch.stack(list(out.pooler_output))

    def depth(self, names: Collection[str]) -> int:
        """The fewest last live blocks whose trainable weights hold these; 0 where none do."""
        for blocks in range(1, len(self.blocks) + 1):
            if self.trainable(blocks).keys() >= set(names):
                return blocks
        return 0

    @torch.no_grad()
    def stem(self, pixels: torch.Tensor, blocks: int) -> torch.Tensor:
        """What enters the last ``blocks`` live blocks: [images, tokens, hidden], never trained.

        It does not change while only those blocks do, so one picture's is computed once.
        """
        def reached(module: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
            raise _Reached(args[0])

        handle = self.block_modules[-blocks].register_forward_pre_hook(reached)
        try:
            self.features(pixels)
        except _Reached as arrived:
            return arrived.hidden
        finally:
            handle.remove()
        raise AssertionError("the features do not pass through the last live blocks")

    def tail(self, hidden: torch.Tensor, blocks: int) -> torch.Tensor:
        """Projector outputs from ``stem``'s activations, as ``features`` gives them."""
        for block in self.block_modules[-blocks:]:
            hidden = block(hidden, attention_mask=None)
        if self.model.config.vision_feature_select_strategy == "default":
            hidden = hidden[:, 1:]
        return self.model.model.multi_modal_projector(hidden)

    def names(self) -> tuple[str, ...]:
        """Full names of every parameter of the vision tower and projector."""
        prefixes = ("model.vision_tower.", "model.multi_modal_projector.")
        return tuple(n for n, _ in self.model.named_parameters() if n.startswith(prefixes))


class _Reached(Exception):
    """Ends a pass early, with what has come so far."""

    def __init__(self, hidden: torch.Tensor) -> None:
        super().__init__()
        self.hidden = hidden


def find_vision(model: nn.Module) -> Vision:
    """Describe a LLaVA model's visual module; raises ``LabError`` for any other architecture.

    Blocks behind the selected feature layer are dead (no gradient, no effect) and left out.
    """
    if not hasattr(getattr(model, "model", None), "multi_modal_projector"):
        raise LabError(f"{type(model).__name__} is not a known family: the lab knows LLaVA models")
    tower = model.model.vision_tower
    encoder = tower.encoder
    kind = "layer" if hasattr(encoder, "layer") else "layers"
    modules = list(getattr(encoder, kind))
    feature_layer = model.config.vision_feature_layer
    if not isinstance(feature_layer, int):
        raise LabError("vision_feature_layer is a list: the lab knows models with one feature layer")
    live = len(modules) + 1 + feature_layer if feature_layer < 0 else feature_layer
    prefix = f"model.vision_tower.encoder.{kind}"
    blocks = tuple(_mlp(f"{prefix}.{i}.mlp", m.mlp, "fc1", "fc2", f"block {i}")
                   for i, m in enumerate(modules[:live]))
    projector = _mlp("model.multi_modal_projector", model.model.multi_modal_projector,
                     "linear_1", "linear_2", "projector")
    dead = tuple(f"{prefix}.{i}" for i in range(live, len(modules)))
    return Vision(model, blocks, tuple(modules[:live]), projector, dead)


def _mlp(prefix: str, module: nn.Module, first: str, second: str, name: str) -> NeuronLayer:
    return NeuronLayer(name, f"{prefix}.{first}", f"{prefix}.{second}",
                       getattr(module, first), getattr(module, second))


@contextmanager
def hidden_neurons(layers: tuple[NeuronLayer, ...]) -> Iterator[dict[str, torch.Tensor]]:
    """Collect z, the input of each layer's second Linear [images, tokens, neurons], by name."""
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str):
        return lambda module, args: seen.__setitem__(name, args[0].detach())

    handles = [layer.second.register_forward_pre_hook(keep(layer.name)) for layer in layers]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
