"""A loaded model and a delta as a folder of plain weights, which the library reads by itself."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from lab.errors import LabError
from lab.files import ROOT
from lab.model.adapter import Adapter, language_linears, settle
from lab.model.checked import MADE, shipped
from lab.model.checkpoint import taught
from lab.model.context import CONTEXT
from lab.model.fetch import Report
from lab.model.load import whole_folder
from lab.model.loaded import Loaded
from lab.model.memory import BITS
from lab.model.overlay import Delta, language_part, visual_part
from lab.model.source import ABOUT, LORA, SMALL, find_model

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
LEFT_BEHIND = {"config.json", "generation_config.json", LORA, ABOUT, MADE}  # written anew, or ours


def check_plain(delta: Path, quantization: str) -> None:
    """Raise ``LabError`` for a run that no plain weights can stand for; reads only the names.

    ``quantization``: what the run's language model was quantised to.
    """
    if quantization in BITS:
        raise LabError(
            f"the language model of this run was quantised to {quantization}, and plain weights "
            "would answer in another way: run it again with --quantization none"
        )
    try:
        with safe_open(delta, "pt") as file:
            names = list(file.keys())
    except (OSError, SafetensorError) as error:
        raise LabError(f"{delta.name} is not a readable safetensors file: {error}") from None
    if any(name.startswith(CONTEXT) for name in names):
        raise LabError(
            "this run puts words in front of every question, and a folder of weights cannot hold "
            "them: export a run of a method that changes weights"
        )


@torch.no_grad()
def lay_for_good(model: nn.Module, delta: Delta) -> None:
    """Make a delta part of a float32 model, in place: nothing takes it off again.

    A language adapter is merged: a silenced output becomes a zero row of the weight, and A and B
    are added as scale * B @ A.
    """
    for name, tensor in visual_part(delta).items():
        model.get_parameter(name).copy_(tensor)
    adapter = language_part(delta)
    _silence(model, adapter)
    settle(model, adapter)


def _silence(model: nn.Module, adapter: Adapter) -> None:
    for name, module in language_linears(model).items():
        kept = adapter.get(f"{name}.keep")
        if kept is not None:
            module.weight[~kept] = 0
            if module.bias is not None:
                module.bias[~kept] = 0


def write_plain(loaded: Loaded, source: Path, dtype: str, folder: Path) -> None:
    """Write weights, configs and the files of the processor into a folder that is there already.

    ``source``: where the processor's files are. ``dtype``: of all weights, one of ``DTYPES``. The
    answers of the library's own ``generate`` end where the lab's do.
    """
    model: Any = loaded.model.to(DTYPES[dtype])
    prompter, settings = loaded.prompter, model.generation_config
    given = settings.eos_token_id
    ends = given if isinstance(given, list) else [given] if given is not None else []
    settings.eos_token_id = list(dict.fromkeys([prompter.end_id, *ends]))
    settings.pad_token_id = prompter.pad_id
    model.save_pretrained(folder)
    for path in (path for pattern in SMALL for path in source.glob(pattern)):
        if path.name not in LEFT_BEHIND and not path.name.endswith(".index.json"):
            shutil.copy(path, folder)
    template = folder / "chat_template.jinja"
    if not template.exists():
        template.write_text(prompter.processor.template, encoding="utf-8")


@dataclass(frozen=True)
class Origin:
    """The model below all teaching: its folder or hub id, and whether it comes with the lab."""

    base: str
    shipped: bool
    hub: bool


def origin(path: str) -> Origin:
    """What the model at ``path`` is based on, after any number of teachings."""
    folder = find_model(path, weights=False)
    if about := taught(folder):
        return origin(about.base)
    here = any((root / path).exists() for root in (ROOT, Path.cwd()))
    return Origin(path if not here else folder.name, shipped(folder), not here)


def processor_folder(path: str, processor: str, report: Report) -> Path:
    """The folder with the processor's files of the model at ``path``, which was loaded before.

    ``processor``: the model that is named for it; "" for the model's own.
    """
    folder = find_model(path, weights=False)
    if about := taught(folder):
        return processor_folder(about.base, processor or about.processor, report)
    return find_model(processor, weights=False) if processor else whole_folder(path, report)
