"""The embedded kind: a visual module and a language adapter, assembled with a downloaded language model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch

from lab.errors import LabError
from lab.model.adapter import SCALE
from lab.model.checked import check_shipped, drop_damaged, reading, remedy_for, stored
from lab.model.fetch import Report, cache_folder, language_model
from lab.model.few_rows import ALIGNED, align
from lab.model.memory import empty_model
from lab.model.overlay import LANGUAGE
from lab.model.source import ABOUT, derive, find_model, read_config


def assemble(folder: Path, report: Report = print) -> Path:
    """Merge the stored visual module and language adapter with the downloaded language model.

    Returns a cached folder that AutoModelForImageTextToText and AutoProcessor load as it is.
    """
    import hashlib

    files = stored(folder)
    parts = (f"aligned to {ALIGNED}".encode(), *(p.read_bytes() for p in files))
    digest = hashlib.sha256(b"".join(parts)).hexdigest()[:12]
    target = cache_folder() / f"{folder.name}-{digest}"
    drop_damaged(target, report)
    if target.exists():
        return target
    base = language_model(report)
    report(f"Assembling the {folder.name} model (about 10 s, once) …")
    model = _assembled(folder, base)

    def write(temporary: Path) -> None:
        model.save_pretrained(temporary)
        for path in temporary.glob("*.safetensors"):
            align(path)
        shutil.copy(base / "tokenizer.json", temporary)
        for path in files:
            if path.suffix in (".json", ".jinja") and path.name not in ("config.json", ABOUT):
                shutil.copy(path, temporary)

    return derive(target, write)


def _assembled(folder: Path, base: Path) -> torch.nn.Module:
    """The whole model in float32, of a stored folder and the language model's."""
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    model = empty_model(read_config(folder))
    with reading(base, f"delete {base}, it is made again"):
        language = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).state_dict()
    state = {
        f"model.language_model.{n.removeprefix('model.')}": t
        for n, t in language.items()
        if n != "lm_head.weight"
    }
    merge_adapter(
        state,
        load_file(folder / "adapter.safetensors"),
        json.loads((folder / ABOUT).read_text(encoding="utf-8"))["scale"],
    )
    state |= visual_weights(folder)
    model.load_state_dict(state, strict=False, assign=True)
    model.tie_weights()
    left = [n for n, p in model.named_parameters() if p.is_meta]
    if left:
        raise LabError(f"{folder} lacks the weight {left[0]}: {remedy_for(folder)}")
    return model


def visual_weights(folder: Path) -> dict[str, torch.Tensor]:
    """Read ``vision.safetensors`` as float32, over those of the folder it is based on, if any."""
    from safetensors.torch import load_file

    check_shipped(folder, cache_folder())
    with reading(folder, remedy_for(folder)):
        info = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        own = {n: t.float() for n, t in load_file(folder / "vision.safetensors").items()}
    based_on = info.get("vision_base")
    return {**visual_weights(folder.parent / based_on), **own} if based_on else own


def untaught(path: str, device: torch.device) -> dict[str, torch.Tensor]:
    """A delta that takes the embedded kind's language adapter back; empty for any other kind.

    Under it text alone is answered as by the language model before it was taught anybody; its
    visual module stays the taught one. Exact but for the rounding of W + BA - BA. On ``device``, where
    the model is: an adapter is not moved when it is laid on.
    """
    from safetensors.torch import load_file

    folder = find_model(path, weights=False)
    adapter = folder / "adapter.safetensors"
    if not adapter.exists():
        return {}
    check_shipped(folder, cache_folder())
    with reading(folder, remedy_for(folder)):
        scale = json.loads((folder / ABOUT).read_text(encoding="utf-8"))["scale"]
        taken = load_file(adapter)
    back = {"A": 1.0, "B": -scale / SCALE}
    return {
        LANGUAGE + n.removeprefix("model.language_model."): (back[n[-1]] * t.float()).to(device)
        for n, t in taken.items()
    }


def merge_adapter(
    state: dict[str, torch.Tensor], adapter: dict[str, torch.Tensor], scale: float
) -> None:
    """Add scale * B @ A to each adapted weight, in float32. A: [rank, in]; B: [out, rank]."""
    for name in [n for n in adapter if n.endswith(".A")]:
        stem = name.removesuffix(".A")
        low, high = adapter[name].float(), adapter[f"{stem}.B"].float()
        state[f"{stem}.weight"] = state[f"{stem}.weight"] + scale * high @ low
