"""Where the visual module's parts are: live blocks, MLP neurons, projector, trainable weights."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lab.errors import LabError
from lab.model.families import Family, family_of
from lab.model.precision import visual_autocast

MLPS = (("fc1", "fc2"), ("gate_proj", "up_proj", "down_proj"))


@dataclass(frozen=True)
class NeuronLayer:
    """One layer of hidden MLP neurons: ``first`` writes them, ``second`` reads them.

    ``first.weight``: [neurons, inputs]; ``second.weight``: [outputs, neurons]. A gated MLP's
    ``gate`` writes them too. A single Linear has no neurons: it is ``second``, and no other.
    """

    name: str
    first_name: str
    second_name: str
    first: nn.Linear | None
    second: nn.Linear
    gate_name: str = ""
    gate: nn.Linear | None = None

    @property
    def neurons(self) -> int:
        """How many hidden neurons the layer has."""
        return self.first.out_features if self.first else 0

    @property
    def writers(self) -> tuple[str, ...]:
        """Full names of the modules whose rows are the neurons, in the order they run."""
        return tuple(n for n in (self.gate_name, self.first_name) if n)

    @property
    def linears(self) -> dict[str, nn.Linear]:
        """All its Linear modules by full name, in the order they run."""
        named = {
            self.gate_name: self.gate,
            self.first_name: self.first,
            self.second_name: self.second,
        }
        return {name: linear for name, linear in named.items() if linear is not None}


@dataclass(frozen=True)
class Vision:
    """A model's visual module: its live blocks (shallow to deep) and projector."""

    model: nn.Module
    family: Family
    blocks: tuple[NeuronLayer, ...]
    block_modules: tuple[nn.Module, ...]
    projector: NeuronLayer
    dead: tuple[str, ...]

    @property
    def device(self) -> torch.device:
        """Where the visual module lies."""
        return self.projector.second.weight.device

    def layers(self, blocks: int) -> tuple[NeuronLayer, ...]:
        """The neuron layers of the last ``blocks`` live blocks, and the projector's if it has one."""
        return tuple(layer for layer in self.trained(blocks) if layer.neurons)

    def trained(self, blocks: int) -> tuple[NeuronLayer, ...]:
        """What is trained: those layers, and the projector also where it has no neurons."""
        return (*self.blocks[-blocks:], self.projector)

    def trainable(self, blocks: int) -> dict[str, nn.Parameter]:
        """Weights and biases of those layers by full name (``methods.md`` 1.4: our choice)."""
        named: dict[str, Any] = {}
        for layer in self.trained(blocks):
            for name, linear in layer.linears.items():
                named[f"{name}.weight"] = linear.weight
                if linear.bias is not None:
                    named[f"{name}.bias"] = linear.bias
        return named

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Projector outputs P(V(I)): the prompter's pixels [images, ...] -> [images, tokens, width].

        float32, whatever the module computes in (``lab.model.precision``).
        """
        given = self.family.flow.given(pixels)
        with visual_autocast(self.device):
            out = self.model.model.get_image_features(**given, return_dict=True)
        return torch.stack(list(out.pooler_output)).float()

    def depth(self, names: Collection[str]) -> int:
        """The fewest last live blocks whose trainable weights hold these; 0 where none do."""
        for blocks in range(1, len(self.blocks) + 1):
            if self.trainable(blocks).keys() >= set(names):
                return blocks
        return 0

    @torch.no_grad()
    def stem(self, pixels: torch.Tensor, blocks: int) -> torch.Tensor:
        """What enters the last ``blocks`` live blocks: [images, patches, hidden], never trained.

        It does not change while only those blocks do, so one picture's is computed once.
        """

        def reached(module: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
            raise _Reached(args[0])

        handle = self.block_modules[-blocks].register_forward_pre_hook(reached)
        try:
            self.features(pixels)
        except _Reached as arrived:
            return arrived.hidden.reshape(len(pixels), -1, arrived.hidden.shape[-1])
        finally:
            handle.remove()
        raise AssertionError("the features do not pass through the last live blocks")

    def tail(self, hidden: torch.Tensor, blocks: int) -> torch.Tensor:
        """Projector outputs from ``stem``'s activations, as ``features`` gives them."""
        modules = tuple(enumerate(self.block_modules))
        with visual_autocast(self.device):
            return self.family.flow.tail(self.model, modules[-blocks:], hidden).float()

    def outputs(self, hidden: torch.Tensor, blocks: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Encoder and projector outputs from ``stem``'s activations, both [images, tokens, width].

        The encoder's is what the projector is given: normalised, selected and sorted as the
        family does it. float32, whatever the module computes in.
        """
        given: list[torch.Tensor] = []
        projector = self.model.get_submodule(self.family.projector)
        handle = projector.register_forward_pre_hook(lambda module, args: given.append(args[0]))
        try:
            projected = self.tail(hidden, blocks)
        finally:
            handle.remove()
        return given[0].float().reshape(len(hidden), -1, given[0].shape[-1]), projected

    def hidden(self, hidden: torch.Tensor, blocks: int) -> torch.Tensor:
        """The projector's hidden neurons before their activation, from ``stem``'s activations.

        [images, tokens, neurons], float32; only where ``projector`` has neurons.
        """
        made: list[torch.Tensor] = []
        assert self.projector.first is not None
        handle = self.projector.first.register_forward_hook(
            lambda module, args, out: made.append(out)
        )
        try:
            self.tail(hidden, blocks)
        finally:
            handle.remove()
        return made[0].float().reshape(len(hidden), -1, self.projector.neurons)

    def names(self) -> tuple[str, ...]:
        """Full names of every parameter of the vision tower and projector."""
        return tuple(
            n for n, _ in self.model.named_parameters() if n.startswith(self.family.visual)
        )


class _Reached(Exception):
    """Ends a pass early, with what has come so far."""

    def __init__(self, hidden: torch.Tensor) -> None:
        super().__init__()
        self.hidden = hidden


def find_vision(model: nn.Module) -> Vision:
    """Describe a model's visual module; raises ``LabError`` for a family the lab does not know.

    Blocks behind the selected feature layer are dead (no gradient, no effect) and left out.
    """
    family = family_of(model)
    tower = model.get_submodule(family.tower)
    path = next((p for p in family.blocks if _has(tower, p)), None)
    if path is None:
        raise LabError(
            f"{type(tower).__name__} has no blocks at {' or '.join(family.blocks)}: name "
            "them in lab/model/families.py"
        )
    stack: Any = tower.get_submodule(path)
    modules = list(stack)
    live = _live(model.config, len(modules))
    prefix = f"{family.tower}.{path}"
    blocks = tuple(
        _mlp(f"block {i}", f"{prefix}.{i}.mlp", m.mlp) for i, m in enumerate(modules[:live])
    )
    projector = _layer(
        "projector", family.projector, model.get_submodule(family.projector), family.linears
    )
    dead = tuple(f"{prefix}.{i}" for i in range(live, len(modules)))
    return Vision(model, family, blocks, tuple(modules[:live]), projector, dead)


def _has(module: nn.Module, path: str) -> bool:
    return any(name == path for name, _ in module.named_modules())


def _live(config: Any, blocks: int) -> int:
    """How many blocks come before the layer whose output is taken: all, where none is named."""
    layer = getattr(config, "vision_feature_layer", -1)
    if not isinstance(layer, int):
        raise LabError(
            "vision_feature_layer is a list: the lab knows models with one feature layer"
        )
    return blocks + 1 + layer if layer < 0 else layer


def _mlp(name: str, prefix: str, module: nn.Module) -> NeuronLayer:
    for linears in MLPS:
        if all(_has(module, part) for part in linears):
            return _layer(name, prefix, module, linears)
    raise LabError(
        f"{prefix} is none of the MLPs the lab knows: add it to MLPS in lab/model/vision.py"
    )


def _layer(name: str, prefix: str, module: nn.Module, linears: tuple[str, ...]) -> NeuronLayer:
    names = [f"{prefix}.{part}" for part in linears]
    found: list[Any] = [module.get_submodule(part) for part in linears]
    gate, first, second = [None] * (3 - len(found)) + found
    gate_name, first_name, second_name = [""] * (3 - len(names)) + names
    return NeuronLayer(name, first_name, second_name, first, second, gate_name, gate)


@contextmanager
def hidden_neurons(layers: tuple[NeuronLayer, ...]) -> Iterator[dict[str, torch.Tensor]]:
    """Collect z, the input of each layer's second Linear [images, tokens, neurons], by name."""
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda module, args: seen.__setitem__(name, args[0].detach())

    handles = [layer.second.register_forward_pre_hook(keep(layer.name)) for layer in layers]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
