"""A taught model's folder: what teaching changed, as a delta, and the model it belongs to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lab.errors import LabError
from lab.model.adapter import settle
from lab.model.base import base_from
from lab.model.families import Parts
from lab.model.overlay import Delta, language_part, load_delta, save_delta, visual_part
from lab.model.source import ABOUT

WEIGHTS = "delta.safetensors"


@dataclass(frozen=True)
class Taught:
    """The content of ``adapter.json`` in the folder of a taught model.

    ``base``: the model that the delta belongs to, a folder or hub id. ``processor``: the model
    whose processor is used, "" for the base's own. ``unknown``: ids of the people whose pictures it
    was never shown. ``plan``: every setting of the teaching. ``result``: what was measured.
    """

    base: str
    processor: str
    unknown: tuple[str, ...]
    plan: Mapping[str, Any]
    result: Mapping[str, Any]

    @property
    def parts(self) -> Parts:
        """The base's parts as they were named by hand when it was taught."""
        return Parts(self.plan.get("tower", ""), self.plan.get("projector", ""))


def taught(folder: Path) -> Taught | None:
    """What a folder says about its teaching; None if it holds no taught model (yet).

    Raises ``LabError`` if ``adapter.json`` is damaged.
    """
    path = folder / ABOUT
    if not path.exists() or (folder / "config.json").exists():  # the embedded kind has both
        return None
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        return Taught(
            about["base"],
            about["processor"],
            tuple(about["unknown"]),
            about["plan"],
            about["result"],
        )
    except (ValueError, KeyError, TypeError):
        raise LabError(f"{path} does not say what was taught: teach the model again") from None


def write_taught(folder: Path, delta: Delta, about: Taught) -> None:
    """Write the delta and then ``adapter.json``; without that file the folder is not a model."""
    save_delta(delta, folder / WEIGHTS)
    temporary = folder / f"{ABOUT}.tmp"
    temporary.write_text(
        json.dumps(
            {
                "base": about.base,
                "processor": about.processor,
                "unknown": list(about.unknown),
                "plan": dict(about.plan),
                "result": dict(about.result),
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    os.replace(temporary, folder / ABOUT)


@torch.no_grad()
def lay(model: torch.nn.Module, folder: Path) -> None:
    """Apply a taught folder's delta to its freshly loaded base for good.

    Raises ``LabError`` if it does not fit the base.
    """
    delta = load_delta(folder / WEIGHTS, base_from(model))
    for name, tensor in visual_part(delta).items():
        model.get_parameter(name).copy_(tensor)
    settle(model, language_part(delta))
