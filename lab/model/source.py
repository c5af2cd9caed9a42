"""Finds a model: a folder, a hub id or its cache, or a LoRA checkpoint of another model."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from lab.errors import LabError
from lab.files import ROOT, making
from lab.model.checked import drop_damaged, reading, sign
from lab.model.fetch import Report, cache_folder

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
SMALL = ["*.json", "*.jinja", "*.txt", "*.model"]
LORA = "adapter_config.json"
SNAPSHOTS = "snapshots"  # where the hub's cache keeps the folders of a model
ABOUT = "adapter.json"  # how the lab made a model: the embedded kind's, and a taught one's


def find_model(path: str, weights: bool = True) -> Path:
    """The folder of a model: ``path`` itself, or the one of that id on the hub or in its cache.

    A relative path is looked for in the checkout, then where the command runs. A model whose weights
    are whole in the hub's cache is taken as it is there. ``weights=False`` fetches the small files
    only. Raises ``LabError`` if there is none.
    """
    here = local_folder(path)
    if here and (here.parent.name != SNAPSHOTS or _whole(here)):
        return here
    if any(folder.exists() for folder in _places(path)) or not HUB_ID.fullmatch(path):
        raise LabError(
            f"no model in {path}: give a folder with config.json and safetensors weights, "
            "or a hub id like owner/name"
        )
    from huggingface_hub import snapshot_download

    try:
        found = Path(snapshot_download(path, allow_patterns=SMALL + ["*.safetensors"] * weights))
    except (OSError, ValueError) as error:
        raise LabError(
            f"could not fetch {path} ({str(error).splitlines()[0]}): go online once, or "
            "give a folder"
        ) from None
    if weights and not list(found.glob("*.safetensors")):
        raise LabError(f"{path} has no safetensors weights: give a model that has them")
    return found


def _places(path: str) -> tuple[Path, Path]:
    """Where a relative path may lead; both are ``path`` itself where it is whole."""
    return ROOT / path, Path.cwd() / path


def local_folder(path: str) -> Path | None:
    """The folder of a model that is on this machine, whole or not; None where it is not."""
    heads = ("config.json", LORA, ABOUT)
    for folder in _places(path):
        if any((folder / name).exists() for name in heads):
            return folder
    if not HUB_ID.fullmatch(path):
        return None
    from huggingface_hub import constants, try_to_load_from_cache

    found = (try_to_load_from_cache(path, name, constants.HF_HUB_CACHE) for name in heads)
    return next((Path(file).parent for file in found if isinstance(file, str)), None)


def taught_folder(path: str) -> Path | None:
    """The folder of a model that the lab has taught; None where it is not, or not yet."""
    return next((f for f in _places(path) if path and (f / ABOUT).exists()), None)


def _whole(cached: Path) -> bool:
    """Whether nothing has to be fetched: the cache may lack what nobody has asked for yet."""
    return not missing_weights(cached) and any(cached.glob("tokenizer*"))


def missing_weights(folder: Path) -> str:
    """Say which weights a folder with config.json lacks; "" where they are whole."""
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        there = any(folder.glob("*.safetensors"))
        return "" if there else "it has no safetensors weights"
    with reading(folder):
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    gone = [name for name in names if not (folder / name).exists()]
    return f"{len(gone)} of its {len(names)} files of weights are missing" if gone else ""


def read_config(folder: Path) -> Any:
    """The config of a model that sees pictures; read as JSON first, for the library may not know it.

    Raises ``LabError`` for any other.
    """
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    held = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kind = held.get("model_type") if isinstance(held, dict) else None
    if kind not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        raise LabError(
            f"{kind or folder.name} is no model that answers about pictures, or one that this version of "
            "transformers does not hold (AutoModelForImageTextToText): choose another one"
        )
    return AutoConfig.from_pretrained(folder, local_files_only=True)


def base_of(folder: Path) -> str:
    """The model that a LoRA checkpoint changes, as a folder or hub id."""
    with reading(folder):
        return json.loads((folder / LORA).read_text(encoding="utf-8"))["base_model_name_or_path"]


def merge_lora(folder: Path, report: Report) -> Path:
    """Merge a LoRA checkpoint into its base, once; returns a cached folder with a whole model.

    Raises ``LabError`` without the package peft or without safetensors weights.
    """
    weights = folder / "adapter_model.safetensors"
    if not weights.exists():
        raise LabError(f"{folder.name} has no adapter_model.safetensors: save the adapter as one")
    try:
        from peft import PeftModel
    except ImportError:
        raise LabError(f"{folder.name} is a LoRA checkpoint: install the package peft") from None
    import torch
    from transformers import AutoModelForImageTextToText

    parts = ((folder / LORA).read_bytes(), weights.read_bytes())
    digest = hashlib.sha256(b"".join(parts)).hexdigest()[:12]
    target = cache_folder() / f"{folder.name}-{digest}"
    drop_damaged(target, report)
    if target.exists():
        return target
    base = find_model(base_of(folder))
    report(f"Merging {folder.name} into its base (once) …")
    with reading(base):
        model = AutoModelForImageTextToText.from_pretrained(
            base, dtype=torch.float32, local_files_only=True, use_safetensors=True
        )
    with reading(folder):
        merged = PeftModel.from_pretrained(model, folder).merge_and_unload()

    def write(temporary: Path) -> None:
        for source in (base, folder):  # the checkpoint's own processor, where it has one
            for path in (p for pattern in SMALL for p in source.glob(pattern)):
                if not path.name.endswith(".index.json") and path.name != LORA:
                    shutil.copy(path, temporary)
        merged.save_pretrained(temporary)

    return derive(target, write)


def derive(target: Path, write: Callable[[Path], None]) -> Path:
    """Make a folder in the cache with ``write``, and add its hashes; whole or not at all.

    Raises ``LabError`` if it cannot be written.
    """
    try:
        with making(target.parent, target.name) as temporary:
            write(temporary)
            sign(temporary)
            os.rename(temporary, target)
    except (OSError, SafetensorError) as error:
        if not target.exists():  # another process may have finished first
            raise LabError(
                f"cannot write {target} ({error}): free some space or set LAB_CACHE to another disk"
            ) from None
    return target
