"""Loading: any known family with its language model quantised, and a check of what was loaded."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from lab.errors import LabError
from lab.files import ROOT as ROOT
from lab.files import sweep
from lab.model.adapter import language_linears
from lab.model.checked import check_shipped, reading, remedy_for, shipped
from lab.model.checkpoint import lay, taught
from lab.model.embedded import assemble
from lab.model.families import FOUND, Family, Parts, family_of, name_parts
from lab.model.fetch import Report, cache_folder
from lab.model.free_memory import told
from lab.model.loaded import Loaded as Loaded
from lab.model.memory import BITS, BUILDING, check_memory, empty_model
from lab.model.precision import add_in_float32, stored_dtype
from lab.model.processor import read_processor
from lab.model.prompts import Prompter
from lab.model.proof import prove_once, refusing
from lab.model.source import LORA, base_of, find_model, merge_lora, read_config
from lab.model.vision import find_vision
from lab.recipe import QUANTIZATIONS


def load(
    path: str,
    quantization: str,
    device: str = "auto",
    report: Report = print,
    processor: str = "",
    parts: Parts = FOUND,
) -> Loaded:
    """Load the model at ``path`` with its language model quantised and everything frozen.

    ``path``: a folder or a hub id. A folder that holds ``adapter.safetensors`` is the embedded
    kind: it is first assembled with the downloaded language model in the cache; one that holds
    ``adapter_config.json`` is a LoRA checkpoint, merged into its base; one that ``python -m lab
    teach`` made is laid on its base, once that is quantised. The visual module is always float32.
    ``processor``: a model to take the processor of, where this one has none; ``parts``: those named
    by hand. Raises ``LabError`` for an unknown quantisation, a model whose parts are not found or
    fail the proof (``lab.model.proof``), a missing or damaged model, or too little memory.
    """
    if quantization not in QUANTIZATIONS:
        raise LabError(
            f"unknown quantization {quantization!r}: valid are {', '.join(QUANTIZATIONS)}"
        )
    sweep(cache_folder())
    folder = find_model(path, weights=False)
    if about := taught(folder):
        parts = about.parts if parts == FOUND else parts
        made = load(about.base, quantization, device, report, processor or about.processor, parts)
        lay(made.model, folder)
        return replace(made, name=folder.name)
    chosen = torch.device(
        ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    )
    check_shipped(folder, cache_folder())
    with BUILDING, told(), reading(folder, remedy_for(folder)):
        loaded = _loaded(path, folder, quantization, chosen, report, processor, parts)
    check_quantized(loaded)
    if not shipped(folder):  # the lab's own models are proven by its tests
        prove_once(loaded, cache_folder(), report)
    return loaded


def _loaded(
    path: str,
    folder: Path,
    quantization: str,
    device: torch.device,
    report: Report,
    processor: str,
    parts: Parts,
) -> Loaded:
    based_on = find_model(base_of(folder), weights=False) if (folder / LORA).exists() else folder
    with reading(based_on, remedy_for(based_on)):
        check_memory(read_config(based_on), quantization, device, parts)
    whole = whole_folder(path, report)
    report(f"Loading the model ({quantization}) …")
    own = "" if whole.parent == cache_folder() else remedy_for(folder)
    with reading(whole, own or f"delete {whole}, it is made again"):
        model = _read(whole, quantization, device, parts)
        flow = family_of(model).flow
        made = read_processor(
            find_model(processor, weights=False) if processor else whole, flow.template
        )
    model.requires_grad_(False).eval()
    vision, name = find_vision(model), Path(path).name
    with refusing(name, vision.family):
        prompter = Prompter(made, vision)
    return Loaded(name, model, vision, prompter, device, quantization)


def whole_folder(path: str, report: Report) -> Path:
    """A folder that the library can load as it is."""
    folder = find_model(path)
    if (folder / "adapter.safetensors").exists():
        return assemble(folder, report)
    return merge_lora(folder, report) if (folder / LORA).exists() else folder


def _read(folder: Path, quantization: str, device: torch.device, parts: Parts) -> Any:
    from transformers import AutoModelForImageTextToText

    config = None
    if quantization in BITS:  # what to leave out is asked of the model before there is one
        known = name_parts(empty_model(read_config(folder)), parts)
        config = quantization_config(quantization, device, known)
    placed = {"device_map": {"": str(device)}} if config else {}
    model = AutoModelForImageTextToText.from_pretrained(
        folder,
        dtype=torch.float32,
        quantization_config=config,
        local_files_only=True,
        use_safetensors=True,
        **placed,
    )
    stored = stored_dtype(quantization, device)
    round_language(model, name_parts(model, parts), stored)
    if config is None:
        model.to(device)
    if device.type == "cpu" and stored is torch.bfloat16:
        multiply_in_bfloat16(model)
    repair_cpu_gradients(model)
    return model


def quantization_config(quantization: str, device: torch.device, known: Family) -> Any:
    """What bitsandbytes is told: the language model's Linear layers alone; None for no such kind."""
    from transformers import BitsAndBytesConfig

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # int8 logs a line a matmul on CPU
    if quantization not in BITS:
        return None
    kind = (
        {"load_in_8bit": True}
        if quantization == "int8"
        else {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_use_double_quant": True,
            "bnb_4bit_compute_dtype": stored_dtype(quantization, device),
        }
    )
    return BitsAndBytesConfig(**kind, llm_int8_skip_modules=known.unquantized)


def round_language(model: torch.nn.Module, known: Family, dtype: torch.dtype) -> None:
    """Keep all but the visual module in ``dtype``, in place; quantised weights stay as they are.

    Done after reading everything in float32, because one number format is asked for a whole
    model and the visual weights must not be rounded.
    """
    for name, weight in model.named_parameters():
        if not name.startswith(known.visual) and weight.is_floating_point():
            weight.data = weight.data.to(dtype)
    for module in model.modules():
        state = getattr(getattr(module, "weight", None), "quant_state", None)
        if state is not None:
            state.dtype = dtype  # what 4-bit weights are unpacked to


def multiply_in_bfloat16(model: Any) -> None:
    """Let a language model that is stored in bfloat16 add up in float32, on a CPU; in place.

    The other weights are copied, so that nothing holds the float32 file in memory that was read.
    """
    for weight in model.parameters():
        if weight.dtype == torch.float32:
            weight.data = weight.data.clone()
    layers = (*language_linears(model).values(), model.lm_head)
    add_in_float32(model.get_input_embeddings(), layers)


def repair_cpu_gradients(model: torch.nn.Module) -> None:
    """Keep 4-bit layers differentiable on CPUs with AVX512-BF16 (call before any forward).

    There bitsandbytes repacks a layer at its first no-grad forward and from then on returns zero
    gradients with no more than a warning.
    """
    modules: Iterable[Any] = model.modules()
    for module in modules:
        if type(module).__name__ == "Linear4bit":
            module.support_avx512bf16_for_cpu = False


def check_quantized(loaded: Loaded) -> None:
    """Assert that the language model, and only it, holds quantised layers; else ``LabError``.

    And that the numbers are kept as ``lab.model.precision`` says: the visual module in float32,
    the rest of the language model and the output layer in ``stored_dtype``.
    """
    from torch import nn

    special = {
        n
        for n, m in loaded.model.named_modules()
        if isinstance(m, nn.Linear) and type(m) is not nn.Linear
    }
    inside = f"{loaded.vision.family.language}."
    visual = [n for n in special if not n.startswith(inside)]
    if visual:
        raise LabError(f"{visual[0]} was quantised: only the language model may be")
    if loaded.quantization in BITS and not special:
        raise LabError(
            f"no layer was quantised to {loaded.quantization}: is the language model's "
            "architecture one that bitsandbytes knows?"
        )
    stored = stored_dtype(loaded.quantization, loaded.device)
    for name, weight in loaded.model.named_parameters():
        wanted = torch.float32 if name.startswith(loaded.vision.family.visual) else stored
        if weight.is_floating_point() and weight.dtype != wanted:
            raise LabError(f"{name} is kept in {weight.dtype}, not {wanted}: load the model anew")
