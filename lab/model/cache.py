"""What was measured of a model, kept on disk so that the same is not measured twice."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import secrets
from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lab.device import device_name
from lab.files import ROOT, TEMPORARY
from lab.model.loaded import Loaded
from lab.model.overlay import tensors_hash

MOST_BYTES = 2**30  # of all files together; one of the embedded model's masks takes about 90 MB
SUFFIX = ".safetensors"
HASH = "tensors_sha256"
NAMES = "names"  # in their order, for a sum in another order may have other bits


class Cache:
    """Tensors by what they were measured from; the files used longest ago go first.

    ``weights``: a hash of the model that was measured. The machine, its number of threads and the
    lab's own program belong to every key, because with others the same work may give other bits. A
    file that cannot be read or written only means that the work is done again.
    """

    def __init__(
        self, folder: Path, loaded: Loaded, weights: str, most_bytes: int = MOST_BYTES
    ) -> None:
        self.folder, self.most_bytes, self.weights = folder, most_bytes, weights
        self._device = loaded.device
        self._where: tuple[str, ...] = ()
        template = loaded.prompter.processor.template
        pictures = repr(loaded.prompter.processor.image_processor)  # its settings
        self._model = (weights, loaded.quantization, template, pictures, str(loaded.device))

    def find(self, entity: str, *measured: object) -> dict[str, torch.Tensor] | None:
        """What was kept under these words about an entity; None where nothing was."""
        path = self._path(entity, measured)
        try:
            with safe_open(path, "pt") as file:
                head = file.metadata() or {}
                tensors = {n: file.get_tensor(n) for n in json.loads(head[NAMES])}
            if tensors_hash(tensors) != head[HASH]:
                raise ValueError
            os.utime(path)
        except (OSError, SafetensorError, ValueError, KeyError):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        return {n: t.to(self._device) for n, t in tensors.items()}

    def keep(self, entity: str, tensors: Mapping[str, torch.Tensor], *measured: object) -> None:
        """Keep tensors under these words, unless they alone are larger than the whole cache."""
        flat = {n: t.detach().cpu().contiguous() for n, t in tensors.items()}
        size = sum(t.nbytes for t in flat.values())
        if size > self.most_bytes:
            return
        path = self._path(entity, measured)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_way(size)
            save_file(flat, temporary, {HASH: tensors_hash(flat), NAMES: json.dumps([*flat])})
            os.replace(temporary, path)
        except (OSError, SafetensorError) as error:  # a full disk, mostly
            logging.getLogger(__name__).warning(
                "a measurement is not kept for later: cannot write %s (%s): free some space",
                path,
                error,
            )
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def key(self, *words: object) -> str:
        """sha256 over these words and all that decides the bits beside them; for any thread.

        That is the model, the machine with its number of threads, and the program.
        """
        where = self._where or self._here()
        return hashlib.sha256(repr((where, words)).encode()).hexdigest()

    def elsewhere(self) -> Cache:
        """The same for another process: its keys go on naming this machine, device and program."""
        twin = copy(self)
        twin._where = self._here()
        return twin

    def _here(self) -> tuple[str, ...]:
        return (*self._model, device_name(self._device), torch.__version__, program())

    def _path(self, entity: str, measured: tuple[object, ...]) -> Path:
        return self.folder / f"{_prefix(entity)}-{self.key(*measured)[:32]}{SUFFIX}"

    def _make_way(self, size: int) -> None:
        files = sorted(
            ((p.stat().st_mtime, p.stat().st_size, p) for p in self.folder.glob(f"*{SUFFIX}")),
            reverse=True,
        )
        for _, old, path in files:
            size += old
            if size > self.most_bytes:
                path.unlink(missing_ok=True)


def forget_measured(folder: Path, entity: str) -> None:
    """Delete everything that was measured about an entity from a cache's folder."""
    for path in folder.glob(f"{_prefix(entity)}-*"):
        path.unlink(missing_ok=True)


def _prefix(entity: str) -> str:
    return hashlib.sha256(entity.encode()).hexdigest()[:12]  # an id may not be fit for a file name


@lru_cache(maxsize=1)
def program() -> str:
    """A hash over the lab's own modules: another program may measure otherwise."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "lab").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
