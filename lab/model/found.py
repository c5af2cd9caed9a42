"""Which models are on this machine, whether they are whole, and how large one is: nothing is loaded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from lab.errors import LabError
from lab.files import ROOT
from lab.model.checked import reading
from lab.model.checkpoint import WEIGHTS, taught
from lab.model.families import FOUND, Parts
from lab.model.fetch import FOLDER, cache_folder
from lab.model.memory import BUILDING, needed_bytes
from lab.model.published import PUBLISHED
from lab.model.source import (
    ABOUT,
    LORA,
    SNAPSHOTS,
    base_of,
    local_folder,
    missing_weights,
    read_config,
)

EMBEDDED = "adapter.safetensors"  # what tells the embedded kind from all others
HEADS = ("config.json", LORA, ABOUT)


@dataclass(frozen=True)
class Found:
    """A model on this machine: ``name`` for people, ``path`` for ``load``, and why it cannot be
    loaded as it is, or ""."""

    name: str
    path: str
    problem: str


def models_folder() -> Path:
    """Where model folders are looked for: ``LAB_MODELS``, or else ``models`` in the checkout."""
    return Path(os.environ.get("LAB_MODELS") or ROOT / "models")


def found_models() -> list[Found]:
    """The folders in ``models_folder`` and the models in the hub's cache that answer about pictures.

    What is in the cache and of another kind is left out; a folder that cannot be read is not.
    """
    folders = [p for p in _inside(models_folder()) if any((p / name).exists() for name in HEADS)]
    here = [Found(p.name, str(p), problem_of(p)) for p in folders]
    return here + [
        Found(name, name, problem_of(folder))
        for name, folder in _cached()
        if _sees_pictures(folder)
    ]


def problem_of(folder: Path) -> str:
    """Why the model in a folder cannot be loaded as it is, in one line; "" where it can."""
    try:
        return _problem(folder)
    except LabError as error:
        return str(error)


def _problem(folder: Path) -> str:
    if (folder / LORA).exists():
        if not (folder / "adapter_model.safetensors").exists():
            return "it has no adapter_model.safetensors"
        return _problem_of_base(base_of(folder))
    if about := taught(folder):
        if not (folder / WEIGHTS).exists():
            return f"it has no {WEIGHTS}"
        return _problem_of_base(about.base)
    with reading(folder):
        read_config(folder)
    return "" if (folder / EMBEDDED).exists() else missing_weights(folder)


def _problem_of_base(base: str) -> str:
    folder = local_folder(base)
    return _problem(folder) if folder else f"the model that it changes, {base}, is not here"


def needs_language_model(folder: Path) -> bool:
    """Whether the embedded kind's language model has to be fetched before a folder can be loaded."""
    return (folder / EMBEDDED).exists() and not (cache_folder() / FOLDER).exists()


def needed_gb(path: str, quantization: str, device: torch.device, parts: Parts = FOUND) -> float:
    """GB that the weights of the model at ``path`` take, counted from its config.

    Raises ``LabError`` where there is no config that can be read.
    """
    folder = local_folder(path)
    while folder and not (folder / "config.json").exists():
        about = taught(folder)
        folder = local_folder(about.base if about else base_of(folder))
    if folder is None:
        raise LabError(f"{path} is not on this machine")
    changed = (folder / "config.json").stat().st_mtime_ns
    try:
        return _counted(folder, changed, quantization, device, parts) / 2**30
    except Exception as error:  # a config of any origin is built, and each kind has its own errors
        raise LabError(f"the size of {path} cannot be counted ({error})") from None


@lru_cache(maxsize=64)
def _counted(
    folder: Path, changed: int, quantization: str, device: torch.device, parts: Parts
) -> int:
    with BUILDING:
        return needed_bytes(read_config(folder), quantization, device, parts)


@lru_cache(maxsize=64)
def published_gb(name: str, quantization: str, device: torch.device) -> float:
    """GB that the weights of a published model take, counted from its sizes; 0 if they are unknown.

    ``name``: one of ``lab.model.published``.
    """
    if name not in PUBLISHED:
        return 0.0
    from lab.model.tiny_models import described

    with BUILDING:
        return needed_bytes(described(PUBLISHED[name])[0], quantization, device) / 2**30


def _inside(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def _cached() -> Iterator[tuple[str, Path]]:
    """Hub ids in the hub's cache, each with the folder of its newest files."""
    from huggingface_hub import constants

    for folder in _inside(Path(constants.HF_HUB_CACHE)):
        name = folder.name.removeprefix("models--").replace("--", "/", 1)
        if folder.name.startswith("models--") and (folder / SNAPSHOTS).is_dir():
            newest = local_folder(name)
            if newest:
                yield name, newest


def _sees_pictures(folder: Path) -> bool:
    """Whether a model of the cache is of a kind that the lab can use."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    if not (folder / "config.json").exists():
        return (folder / LORA).exists() and not problem_of(folder)
    try:
        config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    kind = config.get("model_type") if isinstance(config, dict) else None
    return kind in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
