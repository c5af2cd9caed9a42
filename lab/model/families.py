"""Where a model's parts are: found by its structure, and named by hand where that does not tell."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn

from lab.errors import LabError
from lab.model.flow import FLOWS, Qwen2Flow
from lab.model.picture_flow import Flow

JOINS = re.compile(r"projector|connector|merger|aligner|projection|adapter", re.IGNORECASE)
NOT_SEEN = re.compile(r"audio|speech|generation|head", re.IGNORECASE)


@dataclass(frozen=True)
class Family:
    """Where a model's parts are, as full module names, and how pictures go through them.

    ``stack``: the list of vision blocks, inside ``tower``; ``projector``: what hands the tower's
    output to the language model.
    """

    tower: str
    stack: str
    projector: str
    language: str
    flow: Flow

    @property
    def visual(self) -> tuple[str, ...]:
        """What the names of all visual parameters begin with: all that a delta may change."""
        return f"{self.tower}.", f"{self.projector}."

    @property
    def unquantized(self) -> list[str]:
        """Full names to keep from quantisation: a partial one is ignored without a word."""
        return [self.tower, self.projector, "lm_head"]


@dataclass(frozen=True)
class Parts:
    """Full names of the tower and the projector as given by hand; "" is found by the lab."""

    tower: str = ""
    projector: str = ""


FOUND = Parts()  # nothing is given by hand
_FAMILIES: WeakKeyDictionary[nn.Module, Family] = WeakKeyDictionary()


def family_of(model: nn.Module) -> Family:
    """The parts of a model, found at the first call; raises ``LabError`` as ``find_family`` does."""
    found = _FAMILIES.get(model)
    return name_parts(model) if found is None else found


def name_parts(model: nn.Module, parts: Parts = FOUND) -> Family:
    """Find a model's parts, with those named by hand in place of what its structure tells."""
    found = _FAMILIES[model] = find_family(model, parts)
    return found


def find_family(model: nn.Module, parts: Parts = FOUND) -> Family:
    """The longest list of blocks outside the language model is the tower's; the rest follows.

    Raises ``LabError`` for a part that is not there, or that may be one of several, naming how to
    give it by hand.
    """
    named = dict(model.named_modules())
    language = _language(model, named)
    for given, flag in ((parts.tower, "--tower"), (parts.projector, "--projector")):
        if given and given not in named:
            raise LabError(f"{flag} {given}: {_kind(model)} has no part of that name")
    stack = _stack(model, named, language, parts.tower)
    tower = parts.tower or _outermost(stack, language)
    projector = parts.projector or _projector(model, named, stack, tower, language)
    return Family(tower, stack, projector, language, _flow(model))


def language_model(model: nn.Module) -> nn.Module:
    """The language model without its output layer."""
    return model.get_submodule(family_of(model).language)


def _kind(model: nn.Module) -> str:
    return getattr(getattr(model, "config", None), "model_type", "") or type(model).__name__


def _language(model: Any, named: dict[str, nn.Module]) -> str:
    """The full name of what the library calls the decoder."""
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else model
    found = next((name for name, module in named.items() if module is decoder), "")
    if not found:
        raise LabError(
            f"{_kind(model)}: no language model was found beside a vision tower, so it is no model "
            "that sees pictures as the lab needs it"
        )
    return found


def _within(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")


def _stack(model: nn.Module, named: dict[str, nn.Module], language: str, tower: str) -> str:
    """The full name of the longest list of blocks outside the language model (in the tower named)."""
    lists = {
        name: len(module)
        for name, module in named.items()
        if isinstance(module, nn.ModuleList)
        and not _within(name, language)
        and (_within(name, tower) if tower else not NOT_SEEN.search(name))
    }
    if not lists:
        where = f"in {tower}" if tower else "outside the language model"
        raise LabError(
            f"{_kind(model)}: no list of vision blocks was found {where}: name the vision tower by "
            "hand with --tower NAME --projector NAME"
        )
    return max(lists, key=lambda name: lists[name])


def _outermost(stack: str, language: str) -> str:
    """The largest part that holds the blocks and not the language model."""
    parts = stack.split(".")
    names = (".".join(parts[:n]) for n in range(1, len(parts) + 1))
    return next(name for name in names if not _within(language, name))


def _projector(
    model: nn.Module, named: dict[str, nn.Module], stack: str, tower: str, language: str
) -> str:
    """The part beside the tower, or at its end, that is named as what joins it to the words."""
    beside = tower.rpartition(".")[0]
    for around in (beside, tower):
        found = [
            name
            for name, module in named.items()
            if name.rpartition(".")[0] == around
            and JOINS.search(name.rpartition(".")[2])
            and not isinstance(module, nn.ModuleList)
            and not any(_within(name, other) for other in (stack, language))
            and name != tower
        ]
        if len(found) == 1:
            return found[0]
        if found:
            break
    several = f"may be {' or '.join(found)}" if found else "was not found"
    raise LabError(
        f"{_kind(model)}: the projector {several}: name the parts by hand with "
        f"--tower {tower} --projector NAME"
    )


def _flow(model: nn.Module) -> Flow:
    """The family's words; without any, patches laid end to end tell by what the library asks for."""
    kind = _kind(model)
    if kind in FLOWS:
        return FLOWS[kind]
    asked = getattr(getattr(model, "base_model", model), "get_image_features", None)
    names = inspect.signature(asked).parameters if asked else {}
    return Qwen2Flow() if "image_grid_thw" in names else Flow()
