"""Where the visual module's parts are: live blocks, MLP neurons, projector, trainable weights."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lab.errors import LabError
from lab.model.families import Family, family_of
from lab.model.precision import visual_autocast
from lab.model.replay import Replay

# The hidden and the output layer of an MLP, with a gate in front where it has one.
MLPS = (
    ("fc1", "fc2"),
    ("gate_proj", "up_proj", "down_proj"),
    ("linear_fc1", "linear_fc2"),
)


@dataclass(frozen=True)
class NeuronLayer:
    """One layer of hidden MLP neurons: ``first`` writes them, ``second`` reads them.

    ``first.weight``: [neurons, inputs]; ``second.weight``: [outputs, neurons]. A gated MLP's
    ``gate`` writes them too. Where ``first`` is twice as wide, it writes values and gates: rows k
    and neurons + k are of neuron k. A single Linear has no neurons: it is ``second``, and no other.
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
        return self.second.in_features if self.first else 0

    @property
    def fused(self) -> bool:
        """Whether ``first`` writes a gate and a value for each neuron."""
        return self.first is not None and self.first.out_features == 2 * self.neurons

    def rows(self, neurons: torch.Tensor) -> torch.Tensor:
        """The rows of a writer that belong to the marked neurons: bool [neurons] -> bool [rows]."""
        return neurons.repeat(2) if self.fused else neurons

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
    """A model's visual module: its live blocks (shallow to deep) and projector.

    ``projector`` is None where it holds no Linear that could be trained.
    """

    model: nn.Module
    family: Family
    blocks: tuple[NeuronLayer, ...]
    replay: Replay
    projector: NeuronLayer | None
    dead: tuple[str, ...]

    @property
    def block_modules(self) -> tuple[nn.Module, ...]:
        """The live blocks themselves."""
        return self.replay.blocks

    @property
    def device(self) -> torch.device:
        """Where the visual module lies."""
        return self.blocks[0].second.weight.device

    def layers(self, blocks: int) -> tuple[NeuronLayer, ...]:
        """The neuron layers of the last ``blocks`` live blocks, and the projector's if it has one."""
        return tuple(layer for layer in self.trained(blocks) if layer.neurons)

    def trained(self, blocks: int) -> tuple[NeuronLayer, ...]:
        """What is trained: those layers, and the projector's last Linear where it has no neurons."""
        return (*self.blocks[-blocks:], *((self.projector,) if self.projector else ()))

    def trainable(self, blocks: int) -> dict[str, nn.Parameter]:
        """Weights and biases of those layers by full name (``methods.md`` 1.4: our choice)."""
        return _weights(self.trained(blocks))

    def projecting(self) -> dict[str, nn.Parameter]:
        """The projector's weights and biases alone; raises ``LabError`` where it has no Linear."""
        if self.projector is None:
            raise LabError(
                "this model's projector holds no Linear that could be trained: choose another scope"
            )
        return _weights((self.projector,))

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Projector outputs P(V(I)): the prompter's pixels [images, ...] -> [images, tokens, width].

        float32, whatever the module computes in (``lab.model.precision``).
        """
        with visual_autocast(self.device):
            return self.replay.features(pixels).float()

    def depth(self, names: Collection[str]) -> int:
        """The fewest last live blocks whose trainable weights hold these; 0 where none do."""
        for blocks in range(1, len(self.blocks) + 1):
            if self.trainable(blocks).keys() >= set(names):
                return blocks
        return 0

    @torch.no_grad()
    def stem(self, pixels: torch.Tensor, blocks: int) -> torch.Tensor:
        """What enters the last ``blocks`` live blocks: [images, patches, hidden], never trained.

        It does not change while only those blocks do, so one picture's is computed once. Where the
        family also reads earlier blocks' outputs, they follow along the patches.
        """
        with visual_autocast(self.device):
            return self.replay.stem(pixels, self._first(blocks))

    def tail(self, hidden: torch.Tensor, blocks: int) -> torch.Tensor:
        """Projector outputs from ``stem``'s activations, as ``features`` gives them."""
        with visual_autocast(self.device):
            return self.replay.tail(hidden, self._first(blocks)).float()

    def _first(self, blocks: int) -> int:
        return max(len(self.blocks) - blocks, 0)

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

        [images, tokens, neurons], float32; only where ``projector`` has neurons. Of a gated
        projector they are the gates, which let a neuron through or not.
        """
        assert self.projector is not None and self.projector.first is not None
        layer, made = self.projector, list[torch.Tensor]()
        handle = (layer.gate or self.projector.first).register_forward_hook(
            lambda module, args, out: made.append(out)
        )
        try:
            self.tail(hidden, blocks)
        finally:
            handle.remove()
        # Aya Vision and Command A Vision, the families with one Linear for both, put gates last
        return made[0][..., -layer.neurons :].float().reshape(len(hidden), -1, layer.neurons)

    def names(self) -> tuple[str, ...]:
        """Full names of every parameter of the vision tower and projector."""
        return tuple(
            n for n, _ in self.model.named_parameters() if n.startswith(self.family.visual)
        )


def find_vision(model: nn.Module) -> Vision:
    """Describe a model's visual module; raises ``LabError`` for a part that is not found.

    Blocks behind the deepest one that is read are dead (no gradient, no effect) and left out.
    """
    family = family_of(model)
    named = _blocks(model, family)
    names, modules = tuple(named), tuple(named.values())
    read = _read(model.config, len(modules))
    live = read[-1] + 1
    blocks = tuple(_mlp(f"block {i}", name, named[name]) for i, name in enumerate(names))
    replay = Replay(model, family.flow, modules[:live], read[:-1])
    return Vision(model, family, blocks[:live], replay, _projector(model, family), names[live:])


def _weights(layers: Sequence[NeuronLayer]) -> dict[str, nn.Parameter]:
    named: dict[str, Any] = {}
    for layer in layers:
        for name, linear in layer.linears.items():
            named[f"{name}.weight"] = linear.weight
            if linear.bias is not None:
                named[f"{name}.bias"] = linear.bias
    return named


def _blocks(model: nn.Module, family: Family) -> dict[str, nn.Module]:
    """The tower's blocks by full name: the list that was found, with others of its kind of blocks.

    A tower of two lists runs one after the other, in the order in which it holds them.
    """
    kind = type(next(iter(model.get_submodule(family.stack).children())))
    tower = model.get_submodule(family.tower)
    return {
        f"{family.tower}.{path}.{i}": block
        for path, stack in tower.named_modules()
        if isinstance(stack, nn.ModuleList) and all(type(block) is kind for block in stack)
        for i, block in enumerate(stack)
    }


def _read(config: Any, blocks: int) -> list[int]:
    """Places of the blocks whose output is read by what follows the tower, shallow to deep.

    The last one, where the config names no other: hidden state k is the output of block k - 1.
    """
    vision = getattr(config, "vision_config", config)
    taken = getattr(config, "vision_feature_layer", getattr(vision, "vision_feature_layer", -1))
    states = taken if isinstance(taken, list | tuple) else [taken]
    inner = [blocks + state if state < 0 else state - 1 for state in states]
    inner += getattr(vision, "deepstack_visual_indexes", None) or []
    inner += getattr(vision, "intermediate_layers_indices", None) or []
    inside = sorted({place for place in inner if 0 <= place < blocks})
    if not inside:
        raise LabError(f"vision_feature_layer is {taken!r}: the lab needs one with a block before")
    return inside


def _mlp(name: str, prefix: str, block: nn.Module) -> NeuronLayer:
    """The MLP of a block, by the names of its layers."""
    for path, module in block.named_modules():
        for parts in MLPS:
            if all(isinstance(getattr(module, part, None), nn.Linear) for part in parts):
                whole = f"{prefix}.{path}" if path else prefix
                return _layer(name, [f"{whole}.{p}" for p in parts], module, parts)
    known = ", ".join("/".join(parts) for parts in MLPS)
    raise LabError(
        f"{prefix} holds none of the MLPs the lab knows ({known}): add its names to MLPS in "
        "lab/model/vision.py, or name another tower with --tower NAME --projector NAME"
    )


def _projector(model: nn.Module, family: Family) -> NeuronLayer | None:
    """The last Linear of the projector with what writes its inputs; None where it has no Linear."""
    module = model.get_submodule(family.projector)
    found = {n: m for n, m in module.named_modules() if isinstance(m, nn.Linear)}
    parts = tuple(found)[-3:]
    if not parts:
        return None
    gated = tuple(part.rpartition(".")[2] for part in parts) in MLPS
    if not gated:
        parts = parts[-2:]
        second = found[parts[-1]]
        if found[parts[0]].out_features not in (second.in_features, 2 * second.in_features):
            parts = parts[-1:]
    names = [f"{family.projector}.{part}" if part else family.projector for part in parts]
    return _layer("projector", names, module, parts)


def _layer(
    name: str, names: Sequence[str], module: nn.Module, linears: tuple[str, ...]
) -> NeuronLayer:
    found: list[Any] = [module.get_submodule(part) for part in linears]
    gate, first, second = [None] * (3 - len(found)) + found
    gate_name, first_name, second_name = [""] * (3 - len(names)) + list(names)
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
