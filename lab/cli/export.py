"""mllm-lab export: a run as a model folder that the transformers library loads by itself."""

from __future__ import annotations

import argparse
import dataclasses
import shutil
from pathlib import Path
from typing import Any

from lab.cli.common import add_language, add_model, preset_of, say
from lab.errors import LabError

HELP = "write a run as a model folder that plain transformers loads, with a model card"
LICENCES = "LICENSES.md"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    add_language(parser)
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the run folder")
    parser.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER", help="the model folder, a new one"
    )
    parser.add_argument(
        "--dtype",
        default="float32",
        choices=("float32", "bfloat16"),
        help="the number format of the weights; bfloat16 is half as large, and single answers can "
        "differ (default float32)",
    )


def command(options: argparse.Namespace) -> dict[str, Any]:
    """Load the model in plain weights, make the run a part of it, and write all files at once."""
    from lab.evaluation.session import check_taught, parts_of
    from lab.model.load import load
    from lab.model.plain import check_plain, lay_for_good, processor_folder, write_plain
    from lab.report.run_folder import DELTA, check_folder, filled, read_delta, read_head

    preset, to = preset_of(options), options.to
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise LabError(f"{to} holds something already: give a new folder with --to")
    check_folder(options.run)
    head = read_head(options.run)
    if head.note:
        say(f"{options.run}: {head.note}")
    quantization = str(head.result.get("quantization") or preset.quantization)
    check_plain(options.run / DELTA, quantization)
    check_taught(preset)
    loaded = load(preset.model, "none", "cpu", say, preset.processor, parts_of(preset))
    lay_for_good(loaded.model, read_delta(options.run, loaded.base, head.delta_hash))
    source = processor_folder(preset.model, preset.processor, say)

    def fill(folder: Path) -> None:
        say(f"Writing the weights in {options.dtype} …")
        write_plain(loaded, source, options.dtype, folder)
        _describe(folder, head, preset, loaded.name, options)

    filled(to, fill)
    return {
        "folder": str(to),
        "dtype": options.dtype,
        "megabytes": _megabytes(to),
        "entity": head.recipe.entity,
        "method": head.recipe.method,
    }


def _describe(folder: Path, head: Any, preset: Any, model: str, options: Any) -> None:
    """Write the card, and the licences of the lab's own model beside it."""
    from lab.evaluation.session import read_benchmark
    from lab.files import ROOT, put
    from lab.model.plain import origin
    from lab.report.model_card import Exported, card

    base = origin(preset.model)
    if base.shipped:
        shutil.copy(ROOT / "assets" / LICENCES, folder)
    about = Exported(
        name=read_benchmark(preset).entity(head.recipe.entity).name,
        model=model,
        **dataclasses.asdict(base),
        benchmark=preset.benchmark,
        preset=preset.name,
        dtype=options.dtype,
        megabytes=_megabytes(folder),
    )
    put(folder / "README.md", card(head, about, options.language))


def _megabytes(folder: Path) -> int:
    return round(sum(p.stat().st_size for p in folder.glob("*.safetensors")) / 2**20)
