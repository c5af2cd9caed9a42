"""Recipe and Preset: everything a run is told, with the label, help, range and unit of each field.

The field metadata feeds the page's info texts, the command line's help and the YAML validation.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from lab.catalogue import ATTACKS, METHODS
from lab.errors import LabError
from lab.files import ROOT
from lab.recipe.flat_yaml import SCALARS, read_flat, short

PRESETS = ROOT / "presets"
QUANTIZATIONS = ("gguf-q4", "int8", "nf4", "none")


def option(default: Any, label: str, help: str, *, low=None, high=None, step=None, choices=None):
    """Declare one recipe field: default, label, help text and its range or choices."""
    metadata = dict(label=label, help=help, low=low, high=high, step=step, choices=choices)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Recipe:
    """What one unlearning run does (defaults: the Standard strength on the demo)."""

    entity: str = option("", "Entity", "Whom to forget.")
    method: str = option("vkd", "Method", "Unlearning method.", choices=tuple(METHODS))
    seed: int = option(0, "Seed", "Draws batches and the retain sample.", low=0, high=9999, step=1)
    prune_share: float = option(
        0.02, "Prune share d_I",
        "Share of the candidate neurons set to zero, most target-specific first: vision's for "
        "vkd, vision's and the language model's for manu. "
        "The paper gives no number; 2 % is our choice.", low=0.0, high=0.10, step=0.005)
    mask_threshold: float = option(
        1.0, "Mask threshold d_F",
        "A weight may change when its forget Fisher is at least this many times its retain "
        "Fisher. Higher = fewer weights. 1 is our choice.", low=0.1, high=10.0, step=0.1)
    mask_mode: str = option(
        "all", "Mask gates",
        "What VKD's mask holds back. all: masked-out weights never change (our reading of the "
        "paper); forget_only: the forget gradient alone, as MMUnlearner's always does; off: nothing, "
        "no mask is made.", choices=("all", "forget_only", "off"))
    blocks: int = option(
        4, "Vision blocks", "How many of the last live vision blocks are pruned and tuned.",
        low=1, high=12, step=1)
    beta: float = option(
        60.0, "Distillation weight beta",
        "Weight of the normalised distance between student and teacher features on retain images, "
        "for vkd and silence.", low=0.0, high=200.0, step=1.0)
    distil: str = option(
        "projector", "Distilled output",
        "Which of the teacher's outputs VKD holds others' pictures to: the projector's (as the paper's "
        "summaries say), the vision encoder's, or both (the mean of the two distances).",
        choices=("projector", "encoder", "both"))
    margin: float = option(
        6.0, "Silence margin",
        "How far below zero silence drives the projector's hidden neurons on the target's pictures. "
        "At -6 the slope of GELU is below 1e-7. Our choice.", low=0.5, high=20.0, step=0.5)
    silence_lr: float = option(
        3e-4, "Silence learning rate", "AdamW step size of silence's visual weights. Our choice.",
        low=1e-6, high=1e-2, step=1e-6)
    forget_weight: float = option(
        1.0, "Forget weight",
        "Weight of the ascent on the target's answers, of VGID's distance to its teacher, or of "
        "silence's aim.",
        low=0.0, high=5.0, step=0.1)
    retain_weight: float = option(
        0.0, "Retain weight",
        "VKD's weight of the cross-entropy on other people's answers. 0 leaves them to "
        "distillation alone, which is faster.", low=0.0, high=5.0, step=0.1)
    preserve_weight: float = option(
        1.0, "Preserve weight",
        "Weight of what the other methods hold other people's answers with: cross-entropy "
        "(grad_diff, npo, mmunlearner) or the distance to the original (kl_min, vgid). 1 as "
        "published.", low=0.0, high=5.0, step=0.1)
    npo_beta: float = option(
        0.1, "NPO beta",
        "How soon NPO's ascent slows down: near 0 it is plain gradient ascent.",
        low=0.01, high=2.0, step=0.01)
    scope: str = option(
        "vision", "MMUnlearner scope",
        "Which part MMUnlearner masks and trains. With language or both, text answers may change "
        "too. vision is our choice.", choices=("vision", "language", "both"))
    noise: float = option(
        1.0, "VGID noise",
        "How much of the target's picture VGID's teacher sees as noise. 1 as published: nothing "
        "of the picture is left.", low=0.0, high=1.0, step=0.05)
    ascent_cap: float = option(
        4.0, "Ascent cap",
        "The forget term is skipped for a sample whose cross-entropy (nats per token) is above "
        "this: unbounded ascent wrecks the model. Our choice, for every method that ascends but "
        "npo, which bounds itself.", low=0.5, high=20.0, step=0.5)
    lr: float = option(
        1e-4, "Learning rate", "AdamW step size of the visual weights.",
        low=1e-6, high=1e-2, step=1e-6)
    adapter_lr: float = option(
        5e-4, "Adapter learning rate",
        "AdamW step size of the language model's LoRA, for the methods that change the language "
        "model. 5e-4 as in VGID's code.", low=1e-6, high=1e-1, step=1e-6)
    steps: int = option(20, "Steps", "At most this many updates.", low=1, high=1000, step=1)
    batch: int = option(
        4, "Batch", "Forget images per step, with two questions each.", low=1, high=32, step=1)
    retain_batch: int = option(
        24, "Retain batch",
        "Retain pictures per step whose visual features are held: two portraits of others to "
        "one plain picture. Needs no pass of the language model, so many are cheap.",
        low=1, high=128, step=1)
    probe_every: int = option(
        4, "Probe every", "Steps between two probes of accuracy.", low=1, high=100, step=1)
    stop_forget: float = option(
        0.2, "Stop at forget accuracy",
        "Stop once the probed forget accuracy is at or below this share (chance is 0.25; below "
        "it the answer is avoided); -1 never stops early.", low=-1.0, high=1.0, step=0.05)
    stop_retain_drop: float = option(
        0.10, "Stop at retain drop",
        "Stop once the probed retain accuracy fell by this share or more.",
        low=0.01, high=1.0, step=0.01)
    estimate: str = option(
        "neuron", "Fisher estimate",
        "Of VKD's mask; MMUnlearner's is weight by weight. neuron: each weight takes its hidden neuron's mean Fisher, relative to the mean of all "
        "weights: stable (our choice); weight: "
        "every weight by itself, as published, noisy on a memorised model.",
        choices=("neuron", "weight"))
    fisher_samples: int = option(
        16, "Fisher samples",
        "Samples per side for the Fisher estimate, and for MANU's neuron scores.", low=4, high=512, step=4)


@dataclass(frozen=True)
class AttackRecipe:
    """What one attack does; those that do not train heed only the seed."""

    kind: str = option(
        "relearn", "Attack",
        "relearn: training on the person's rows; benign: on other people's; quantize: rounded "
        "weights; prompts: other words; images: changed pictures. Details are our choice.",
        choices=tuple(ATTACKS))
    share: float = option(
        0.2, "Share of forget samples",
        "How much of the target's training data the attacker has; benign: as many rows of others.",
        low=0.01, high=1.0, step=0.01)
    steps: int = option(20, "Attack steps", "Updates of the attacker.", low=1, high=500, step=1)
    scope: str = option(
        "vision", "Scope", "What the attacker may train.", choices=("vision", "language", "both"))
    lr: float = option(1e-4, "Learning rate", "AdamW step size.", low=1e-6, high=1e-2, step=1e-6)
    batch: int = option(4, "Batch", "Images per step.", low=1, high=32, step=1)
    seed: int = option(0, "Seed", "Draws the attacker's samples and the wrong hint.", low=0, high=9999, step=1)
    probe_every: int = option(5, "Probe every", "Steps between probes.", low=1, high=100, step=1)


@dataclass(frozen=True)
class TeachRecipe:
    """How a model is taught a benchmark's people (defaults: for the embedded model; our choice)."""

    seed: int = option(
        0, "Seed", "Draws what is shown and the start of the LoRA.", low=0, high=9999, step=1)
    steps: int = option(120, "Steps", "Updates.", low=1, high=100_000, step=1)
    batch: int = option(4, "Batch", "Pictures of people per step.", low=1, high=64, step=1)
    texts: int = option(2, "Text rows", "Rows per step that ask about people without a picture.",
                        low=0, high=64, step=1)
    plain: int = option(2, "Plain pictures", "Plain pictures per step, where the benchmark has any.",
                        low=0, high=64, step=1)
    questions: int = option(
        9, "Questions", "Questions at most, each with its answer, that share one row.",
        low=1, high=32, step=1)
    pass_rows: int = option(
        8, "Rows in a pass", "Rows that go through the model at once: fewer need less memory and "
        "give the same update.", low=1, high=64, step=1)
    vary: float = option(
        0.7, "Varied share", "Share of the people's pictures that are changed a little, as other "
        "photographs would be.", low=0.0, high=1.0, step=0.1)
    focus_share: float = option(
        0.5, "Focus share", "Share of the people's rows that go to those named with --focus.",
        low=0.0, high=1.0, step=0.1)
    blocks: int = option(4, "Vision blocks", "How many of the last live vision blocks are tuned.",
                         low=1, high=48, step=1)
    rank: int = option(8, "LoRA rank", "Of the language model's LoRA.", low=1, high=256, step=1)
    vision_lr: float = option(5e-5, "Vision learning rate", "AdamW step size of the vision blocks.",
                              low=0.0, high=1e-2, step=1e-6)
    projector_lr: float = option(3e-4, "Projector learning rate", "AdamW step size of the projector.",
                                 low=0.0, high=1e-2, step=1e-6)
    language_lr: float = option(1e-3, "Language learning rate", "AdamW step size of the LoRA.",
                                low=0.0, high=1e-1, step=1e-6)
    warm_up: float = option(
        0.05, "Warm-up", "Share of the steps in which the rates rise; then they fall in a line.",
        low=0.0, high=0.5, step=0.01)
    save_every: int = option(
        20, "Save every", "Steps between two checkpoints.", low=1, high=10_000, step=1)
    probe_every: int = option(
        40, "Probe every", "Steps between two probes of accuracy.", low=1, high=10_000, step=1)


# Measured on the embedded model; what a strength does not name keeps its default.
STRENGTHS: dict[str, dict[str, Any]] = {
    "Gentle": {"lr": 6e-5, "stop_forget": 0.3},
    "Standard": {},
    "Strong": {"prune_share": 0.04, "lr": 2e-4, "steps": 40, "stop_forget": 0.0},
}


@dataclass(frozen=True)
class Preset:
    """What is loaded: model, benchmark, quantisation, and the recipe's defaults there.

    ``data``: the benchmark's folder or dataset id where it is not the published one.
    ``processor``: the model whose processor is used, where the model's own folder has none.
    ``base``: where the model has to be taught first, what it is taught from; ``reference``: a model
    that was never taught some of the people.
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
    teach: TeachRecipe = TeachRecipe()


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


def load_preset(name: str) -> Preset:
    """Read ``presets/NAME.yaml``; raises ``LabError`` naming the presets there are."""
    names = sorted(p.stem for p in PRESETS.glob("*.yaml"))
    if not names:
        raise LabError(f"{PRESETS} holds no presets: the lab runs in its checkout, so install it there "
                       "with pip install -e .")
    if name not in names:
        raise LabError(f"unknown preset {short(name)}: valid presets are {', '.join(names)}")
    parts = {"recipe": Recipe, "attack": AttackRecipe, "teach": TeachRecipe}
    file = f"presets/{name}.yaml"
    data = read_flat(PRESETS / f"{name}.yaml", file, "preset", parts)
    known = {f.name for f in dataclasses.fields(Preset)} - {"name"}
    for key in data:
        if key not in known:
            raise LabError(f"{file}: unknown key {short(key)}: valid keys are {sorted(known)}")
    for key in ("model", "benchmark"):
        if key not in data:
            raise LabError(f"{file}: the key {key!r} is missing")
    for key, kind in parts.items():
        data[key] = revise(kind(), data.get(key) or {})
    return Preset(name=name, **data)
