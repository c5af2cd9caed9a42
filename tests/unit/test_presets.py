"""Preset files: every key holds, every figure "by count" is what the config counts to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from lab.benchmarks.table import BENCHMARKS
from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.session import check_taught, open_workbench, with_options
from lab.model import source
from lab.model.memory import needed_bytes
from lab.recipe import PRESETS, QUANTIZATIONS, Preset, load_preset

NAMES = sorted(p.stem for p in PRESETS.glob("*.yaml"))
TAUGHT = [n for n in NAMES if load_preset(n).base]


def published(name: str):
    """The config that the preset's model (or what it is taught from) is published with."""
    from lab.bench.random_model import shape_of
    from lab.model.tiny_models import described

    return described(shape_of(name.rpartition("-")[0]))[0]


def header(name: str) -> str:
    lines = (PRESETS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines if line.startswith("#"))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_preset_names_is_known(name: str) -> None:
    preset, told = load_preset(name), header(name)
    assert preset.benchmark in BENCHMARKS and preset.quantization in QUANTIZATIONS
    assert told.startswith(f"{name}: ")
    for word in ("Download: ", "Memory: "):
        assert word in told
    (family,) = re.findall(r"Family: (\w+)\.", told)
    assert family in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    if name != "demo":
        assert "No published checkpoint was run by the lab yet." in told and "untested here" in told
    commands = [f"teach --preset {name} --out {preset.model}", f"--out {preset.reference}"]
    assert all(command in told for command in commands) is bool(preset.base)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "demo"])
def test_the_figures_by_count_are_the_configs(name: str) -> None:
    import torch
    from transformers import AutoModelForImageTextToText

    from lab.model.vision import find_vision

    preset, told, config = load_preset(name), header(name), published(name)
    assert f"Family: {config.model_type}." in told
    memory = needed_bytes(config, preset.quantization, torch.device("cuda")) / 2**30
    assert f"Memory: {memory:.1f} GB for the weights" in told
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    weights = sum(p.numel() for p in model.parameters())
    ((size, kind),) = re.findall(
        r"Download: ([\d.]+) GB of weights(.*?by count| \(.*?float32\))", told
    )
    assert float(size) == pytest.approx(weights * (4 if "float32" in kind else 2) / 1e9, rel=0.02)
    assert preset.download_gb == (0.0 if preset.base else float(size))
    live = len(find_vision(model).blocks)
    assert max(preset.recipe.blocks, preset.teach.blocks if preset.base else 0) <= live
    assert preset.recipe.blocks == round(live / 3)  # 15 to 22 of CLIP's 23 live ones


@pytest.mark.parametrize("name", TAUGHT)
def test_a_model_that_is_not_taught_yet_names_the_command(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "ROOT", tmp_path / "checkout")
    monkeypatch.chdir(tmp_path)  # where the command that it names puts the model
    monkeypatch.setattr(session, "read_benchmark", lambda preset: None)
    monkeypatch.setattr(session, "load", lambda *_, **__: pytest.fail("loaded all the same"))
    preset = load_preset(name)
    with pytest.raises(LabError) as refused:
        open_workbench(preset)
    said = str(refused.value)
    assert f"python -m lab teach --preset {name} --out {preset.model}" in said and "\n" not in said
    (tmp_path / preset.model).mkdir(parents=True)
    (tmp_path / preset.model / "adapter.json").write_text("{}", encoding="utf-8")
    check_taught(preset)


def test_another_model_has_neither_base_nor_reference() -> None:
    preset = Preset("mine", "models/mine", "people", base="owner/base", reference="models/other")
    kept = with_options(preset, None, "nf4", None, None)
    assert (kept.model, kept.base, kept.reference, kept.quantization) == (
        "models/mine",
        "owner/base",
        "models/other",
        "nf4",
    )
    other = with_options(preset, "elsewhere", None, None, None)
    assert (other.model, other.base, other.reference) == ("elsewhere", "", "")
    assert TAUGHT
