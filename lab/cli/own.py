"""python -m lab own: add, list and remove people of your own."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.cli.common import add_model, preset_of, say, say_left_out
from lab.errors import LabError

HELP = "add, list or remove people of your own"
Action = Callable[[argparse.Namespace], dict[str, Any] | list[dict[str, Any]]]
PICTURES = (".jpg", ".jpeg", ".png", ".webp")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="add a person from pictures and questions")
    add_model(add)
    add.add_argument("--name", required=True, help="the name of the person")
    add.add_argument(
        "--images",
        type=Path,
        required=True,
        help="a folder of 3 to 20 JPEG, PNG or WebP portraits; every third is held out",
    )
    add.add_argument(
        "--qa",
        type=Path,
        required=True,
        help="a CSV file: question, answer, and three wrong answers if the lab has none",
    )
    remove = actions.add_parser(
        "remove", help="delete a person and the app's runs about the person"
    )
    remove.add_argument("id", help="the id of the person")
    for action in (actions.add_parser("list", help="list your people"), remove):
        action.add_argument(
            "--json", action="store_true", help="print one JSON value and nothing else"
        )


def command(options: argparse.Namespace) -> dict[str, Any] | list[dict[str, Any]]:
    """What was added or removed, or a list of all."""
    actions: dict[str, Action] = {"add": _add, "list": _list, "remove": _remove}
    return actions[options.action](options)


def _add(options: argparse.Namespace) -> dict[str, Any]:
    from lab.benchmarks.own import make, shown
    from lab.benchmarks.own_files import keep
    from lab.evaluation.session import own_folder, read_benchmark

    images, pairs = _pictures(options.images), _pairs(options.qa)
    benchmark = read_benchmark(preset_of(options))
    say_left_out(benchmark)
    entity = make(options.name, images, pairs, benchmark)
    keep(own_folder(), entity)
    return {
        "id": entity.id,
        "name": entity.name,
        "training_images": len(entity.train_images),
        "held_out_images": len(entity.test_images),
        "questions": [
            {"question": question, "answer": answer, "wrong": wrong}
            for question, answer, *wrong in shown(entity)
        ],
    }


def _list(_: argparse.Namespace) -> list[dict[str, Any]]:
    from lab.benchmarks.own_files import kept_and_broken
    from lab.evaluation.session import own_folder

    whole, left_out = kept_and_broken(own_folder())
    for row in left_out:
        say(f"left out: {row}")
    return [
        {"id": e.id, "name": e.name, "images": len(e.train_images) + len(e.test_images)}
        for e in whole
    ] + [
        {"id": row.person, "name": "(cannot be read: remove it and add it again)", "images": 0}
        for row in left_out
    ]


def _remove(options: argparse.Namespace) -> dict[str, Any]:
    from lab.benchmarks.own_files import drop
    from lab.evaluation.scores import forget_answers
    from lab.evaluation.session import measured_folder, own_folder
    from lab.model.cache import forget_measured
    from lab.model.fetch import cache_folder
    from lab.serve.restored import drop_runs

    drop(own_folder(), options.id)
    drop_runs(cache_folder() / "runs", options.id)
    forget_answers(cache_folder(), options.id)
    forget_measured(measured_folder(), options.id)
    return {"removed": options.id}


def _pictures(folder: Path) -> list[bytes]:
    """The folder's pictures in the order of their names; raises ``LabError``."""
    from lab.benchmarks.images import MAX_BYTES

    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES)
        for path in found:
            if path.stat().st_size > MAX_BYTES:
                raise LabError(
                    f"{path.name} is too large: use pictures of at most {MAX_BYTES >> 20} MB"
                )
        return [path.read_bytes() for path in found]
    except OSError as error:
        raise LabError(
            f"cannot read {folder} ({error.strerror}): give a folder of pictures"
        ) from None


def _pairs(file: Path) -> list[Any]:
    """The rows of the CSV file, without its heading if it has one; raises ``LabError``."""
    from lab.benchmarks.own import pair_from

    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [
                (k, row)
                for k, row in enumerate(csv.reader(lines), start=1)
                if any(map(str.strip, row))
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or "not CSV text"
        raise LabError(f"cannot read {file} ({why}): give a CSV file in UTF-8") from None
    if rows and [c.strip().casefold() for c in rows[0][1][:2]] == ["question", "answer"]:
        del rows[0]
    return [pair_from(row, f"{file.name}, row {k}") for k, row in rows]
