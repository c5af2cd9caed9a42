"""Recipe and Preset: every setting of a run, with the range, step or choices of each field.

The metadata of a field feeds the page's controls and the YAML validation. Its label and its help
are in ``lab.report.text``, by the name of the field.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.catalogue import ATTACKS, METHODS
from lab.errors import LabError
from lab.files import ROOT
from lab.recipe.flat_yaml import SCALARS, read_flat, short

PRESETS = ROOT / "presets"
DISTANCES = ("normalised", "cosine", "smooth_l1", "relational")
DESTINATIONS = (
    "away",
    "unknown",
    "stranger_alike",
    "stranger_mean",
    "stranger_nearest",
    "stranger_draw",
)
QUANTIZATIONS = ("gguf-q4", "int8", "nf4", "none")


def option(
    default: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    choices: tuple[str, ...] | None = None,
    offered: float | None = None,
) -> Any:
    """Declare one recipe field: its default and its range or choices.

    ``offered``: how far the page's sliders go, where the range goes further than a hand needs.
    """
    return field(
        default=default,
        metadata=dict(low=low, high=high, step=step, choices=choices, offered=offered or high),
    )


@dataclass(frozen=True)
class Recipe:
    """What one unlearning run does (defaults: the Standard strength on the demo)."""

    entity: str = option("")
    method: str = option("vkd", choices=METHODS)
    seed: int = option(0, low=0, high=9999, step=1)
    prune_share: float = option(0.02, low=0.0, high=1.0, step=0.005, offered=0.10)
    mask_threshold: float = option(1.0, low=0.1, high=10.0, step=0.1)
    mask_mode: str = option("all", choices=("all", "forget_only", "off"))
    blocks: int = option(4, low=1, high=12, step=1)
    beta: float = option(60.0, low=0.0, high=200.0, step=1.0)
    distil: str = option("projector", choices=("projector", "encoder", "both"))
    distance: str = option("normalised", choices=DISTANCES)
    destination: str = option("away", choices=DESTINATIONS)
    margin: float = option(6.0, low=0.5, high=20.0, step=0.5)
    silence_lr: float = option(3e-4, low=1e-6, high=1e-2, step=1e-6)
    silence_share: float = option(1.0, low=0.01, high=1.0, step=0.01)
    undo_alpha: float = option(0.3, low=0.0, high=1.0, step=0.05)
    undo_beta: float = option(0.1, low=0.0, high=1.0, step=0.05)
    undo_share: float = option(1.0, low=0.01, high=1.0, step=0.01)
    undo_steps: int = option(200, low=1, high=3000, step=1, offered=1000)
    undo_lr: float = option(3e-4, low=1e-6, high=1e-2, step=1e-6)
    sam_rho: float = option(0.01, low=0.0, high=1.0, step=0.001, offered=0.1)
    mudman_rate: float = option(0.1, low=0.0, high=10.0, step=1e-3)
    mudman_adversary: float = option(0.01, low=0.0, high=1.0, step=1e-4)
    mudman_fork: int = option(6, low=1, high=1000, step=1, offered=50)
    mudman_momentum: float = option(0.9, low=0.0, high=0.99, step=0.01)
    forget_weight: float = option(1.0, low=0.0, high=5.0, step=0.1)
    retain_weight: float = option(0.0, low=0.0, high=5.0, step=0.1)
    preserve_weight: float = option(1.0, low=0.0, high=5.0, step=0.1)
    npo_beta: float = option(0.1, low=0.01, high=2.0, step=0.01)
    scope: str = option("vision", choices=("vision", "language", "both"))
    noise: float = option(1.0, low=0.0, high=1.0, step=0.05)
    context: str = option("noise", choices=("noise", "instruction"))
    ascent_cap: float = option(4.0, low=0.5, high=20.0, step=0.5)
    lr: float = option(1e-4, low=1e-6, high=1e-2, step=1e-6)
    adapter_lr: float = option(5e-4, low=1e-6, high=1e-1, step=1e-6)
    steps: int = option(20, low=1, high=1000, step=1)
    batch: int = option(4, low=1, high=32, step=1)
    retain_batch: int = option(24, low=1, high=128, step=1)
    probe_every: int = option(4, low=1, high=100, step=1)
    stop_forget: float = option(0.2, low=-1.0, high=1.0, step=0.05)
    stop_retain_drop: float = option(0.10, low=0.01, high=1.0, step=0.01)
    estimate: str = option("neuron", choices=("neuron", "weight", "batch"))
    fisher_samples: int = option(16, low=4, high=512, step=4)
    measures: str = option("usual", choices=("usual", "all"))


@dataclass(frozen=True)
class AttackRecipe:
    """What one attack does; attacks that do not train use only ``kind`` and ``seed``."""

    kind: str = option("relearn", choices=ATTACKS)
    share: float = option(0.2, low=0.01, high=1.0, step=0.01)
    steps: int = option(20, low=1, high=500, step=1)
    scope: str = option("vision", choices=("vision", "projector", "language", "both"))
    lr: float = option(1e-4, low=1e-6, high=1e-2, step=1e-6)
    batch: int = option(4, low=1, high=32, step=1)
    seed: int = option(0, low=0, high=9999, step=1)
    probe_every: int = option(5, low=1, high=100, step=1)


@dataclass(frozen=True)
class TeachRecipe:
    """How a model is taught a benchmark's people (defaults: for the embedded model; our choice)."""

    seed: int = option(0, low=0, high=9999, step=1)
    steps: int = option(120, low=1, high=100_000, step=1)
    batch: int = option(4, low=1, high=64, step=1)
    texts: int = option(2, low=0, high=64, step=1)
    plain: int = option(2, low=0, high=64, step=1)
    questions: int = option(9, low=1, high=32, step=1)
    pass_rows: int = option(8, low=1, high=64, step=1)
    vary: float = option(0.7, low=0.0, high=1.0, step=0.1)
    focus_share: float = option(0.5, low=0.0, high=1.0, step=0.1)
    blocks: int = option(4, low=1, high=48, step=1)
    rank: int = option(8, low=1, high=256, step=1)
    vision_lr: float = option(5e-5, low=0.0, high=1e-2, step=1e-6)
    projector_lr: float = option(3e-4, low=0.0, high=1e-2, step=1e-6)
    language_lr: float = option(1e-3, low=0.0, high=1e-1, step=1e-6)
    warm_up: float = option(0.05, low=0.0, high=0.5, step=0.01)
    vision_parts: str = option("mlp", choices=("mlp", "all"))
    products: str = option("stored", choices=("stored", "bfloat16"))
    look_steps: int = option(0, low=0, high=100_000, step=1)
    look_batch: int = option(32, low=1, high=256, step=1)
    look_vision_lr: float = option(1.3e-4, low=0.0, high=1e-2, step=1e-6)
    look_projector_lr: float = option(1.2e-3, low=0.0, high=1e-2, step=1e-6)
    strangers: int = option(0, low=0, high=64, step=1)
    attributes: int = option(0, low=0, high=32, step=1)
    talks: int = option(0, low=0, high=32, step=1)
    nobody: float = option(0.3, low=0.0, high=1.0, step=0.05)
    general: int = option(0, low=0, high=64, step=1)
    prompts: int = option(3, low=1, high=32, step=1)
    general_weight: float = option(1.0, low=0.0, high=100.0, step=0.5)
    general_shown: int = option(0, low=0, high=8, step=1)
    answer_tokens: int = option(48, low=1, high=512, step=1)
    save_every: int = option(20, low=1, high=10_000, step=1)
    probe_every: int = option(40, low=1, high=10_000, step=1)


DEFAULT_STRENGTH = "Standard"
# Measured on the embedded model; what a strength does not name keeps its default. A rate and a number
# of steps that suit one model suit no other, so they are times the preset's own.
STRENGTHS: dict[str, dict[str, Any]] = {
    "Gentle": {"stop_forget": 0.3},
    "Standard": {},
    "Strong": {"prune_share": 0.04, "stop_forget": 0.0},
}
TIMES: dict[str, dict[str, float]] = {"Gentle": {"lr": 0.6}, "Strong": {"lr": 2, "steps": 2}}
STRENGTH_KEYS = tuple(
    dict.fromkeys(k for of in (STRENGTHS, TIMES) for values in of.values() for k in values)
)


@dataclass(frozen=True)
class Preset:
    """What is loaded: model, benchmark, quantisation, and the recipe's defaults there.

    ``data``: the benchmark's folder or dataset id where it is not the published one.
    ``processor``: the model whose processor is used, where the model's own folder has none.
    ``base``: where the model has to be taught first, what it is taught from; ``reference``: a model
    that was never taught some of the people, and ``text_only`` one that was taught their text alone.
    ``download_gb``: what is fetched once before the model can be loaded. ``tower``, ``projector``:
    full names of the model's parts, where the lab does not find them. ``allow_partial``: whether a
    forget split that lost members on reading can be a target; only the command line sets it.
    """

    name: str
    model: str
    benchmark: str
    quantization: str = "gguf-q4"
    data: str = ""
    recipe: Recipe = Recipe()
    attack: AttackRecipe = AttackRecipe()
    processor: str = ""
    base: str = ""
    reference: str = ""
    text_only: str = ""
    download_gb: float = 0.0
    tower: str = ""
    projector: str = ""
    teach: TeachRecipe = TeachRecipe()
    allow_partial: bool = False


def at_strength(recipe: Recipe, strength: str) -> dict[str, Any]:
    """What a strength changes of a preset's recipe; raises ``LabError`` for an unknown one."""
    if strength not in STRENGTHS:
        raise LabError(f"unknown strength {strength!r}: valid are {', '.join(STRENGTHS)}")
    limits = {f.name: f.metadata for f in dataclasses.fields(Recipe)}
    changes = dict(STRENGTHS[strength])
    for key, by in TIMES.get(strength, {}).items():
        value = min(max(getattr(recipe, key) * by, limits[key]["low"]), limits[key]["high"])
        changes[key] = int(value) if key == "steps" else float(f"{value:.3g}")
    return changes


def on_benchmark(preset: Preset, benchmark: str) -> Preset:
    """The preset on a benchmark; a destination among strangers is its own benchmark's alone."""
    recipe = preset.recipe
    if benchmark != preset.benchmark:
        recipe = dataclasses.replace(recipe, destination=DESTINATIONS[0])
    return dataclasses.replace(preset, benchmark=benchmark, recipe=recipe)


def revise(base: Any, changes: dict[str, Any]) -> Any:
    """Return a copy of a Recipe, AttackRecipe or TeachRecipe with checked changes.

    Values may be strings, as typed on a command line. Raises ``LabError`` for an unknown key,
    a value of the wrong type or one outside its range.
    """
    known = {f.name: f for f in dataclasses.fields(base)}
    clean: dict[str, Any] = {}
    for key, value in changes.items():
        if key not in known:
            raise LabError(f"unknown recipe key {short(key)}: valid keys are {', '.join(known)}")
        clean[key] = _checked(known[key], value)
    return dataclasses.replace(base, **clean)


def _checked(spec: dataclasses.Field[Any], value: Any) -> Any:
    kind = {"int": int, "float": float, "str": str}[str(spec.type)]
    meta = spec.metadata
    try:
        if kind is str and not isinstance(value, SCALARS):  # str() takes anything
            raise TypeError
        typed = kind(float(value)) if kind is int else kind(value)
        if kind is int and typed != float(value):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise LabError(f"{spec.name}: {short(value)} is not a {kind.__name__}") from None
    if meta["choices"] and typed not in meta["choices"]:
        raise LabError(f"{spec.name}: {short(value)} is not one of {', '.join(meta['choices'])}")
    low, high = meta["low"], meta["high"]
    if low is not None and not low <= typed <= high:
        raise LabError(f"{spec.name}: {short(value)} is outside {low} to {high}")
    return typed


def load_teaching(name: str) -> TeachRecipe:
    """Read ``presets/teaching/NAME.yaml``; raises ``LabError`` naming the recipes there are."""
    check_name(name, PRESETS / "teaching", "teaching recipe")
    path = PRESETS / "teaching" / f"{name}.yaml"
    return revise(TeachRecipe(), read_flat(path, f"presets/teaching/{name}.yaml", "recipe"))


def check_name(name: str, folder: Path, what: str) -> None:
    """Raise ``LabError`` unless ``folder`` has NAME.yaml; it names the files there are."""
    names = sorted(p.stem for p in folder.glob("*.yaml"))
    if not names:
        raise LabError(
            f"{folder} holds no {what}s: the lab runs in its checkout, so install it there "
            "with pip install -e ."
        )
    if name not in names:
        raise LabError(f"unknown {what} {short(name)}: valid {what}s are {', '.join(names)}")


def load_preset(name: str) -> Preset:
    """Read ``presets/NAME.yaml``; raises ``LabError`` naming the presets there are."""
    check_name(name, PRESETS, "preset")
    parts = {"recipe": Recipe, "attack": AttackRecipe, "teach": TeachRecipe}
    file = f"presets/{name}.yaml"
    data = read_flat(PRESETS / f"{name}.yaml", file, "preset", parts)
    known = {f.name for f in dataclasses.fields(Preset)} - {"name", "allow_partial"}
    for key in data:
        if key not in known:
            raise LabError(f"{file}: unknown key {short(key)}: valid keys are {sorted(known)}")
    for key in ("model", "benchmark"):
        if key not in data:
            raise LabError(f"{file}: the key {key!r} is missing")
    for key, kind in parts.items():
        data[key] = revise(kind(), data.get(key) or {})
    return Preset(name=name, **data)
