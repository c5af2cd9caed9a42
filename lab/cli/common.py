"""What several commands share: arguments, and the preset and recipe that they name."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

from lab.benchmarks.left_out import lines
from lab.benchmarks.schema import Benchmark
from lab.catalogue import METHODS
from lab.cli.starting import thread_count
from lab.errors import LabError
from lab.recipe import DEFAULT_STRENGTH, STRENGTHS, Preset, Recipe, at_strength, load_preset, revise
from lab.report.text import catalogue, languages


def say(text: str) -> None:
    """Print progress to stderr, because stdout is for the result."""
    print(text, file=sys.stderr, flush=True)


@dataclasses.dataclass(frozen=True)
class Checked:
    """A result to print, and whether all that it checks holds; if not, the exit code is 1."""

    result: Any
    holds: bool


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every command has."""
    add_preset(parser)
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )


def add_at_once(parser: argparse.ArgumentParser) -> None:
    """Add the argument of a command whose runs several processes can share."""
    parser.add_argument(
        "--at-once",
        type=int,
        default=1,
        metavar="N",
        help="make the runs in N processes on the same GPU, or on the cores of the CPU (default 1)",
    )


def in_processes(at_once: int) -> None:
    """Have the command's runs made by several processes, for the caller to find them done.

    In one of these processes it does nothing. Raises ``LabError`` for less than one, and where a
    process fails.
    """
    from lab.experiments.claims import shared, together

    if at_once < 1:
        raise LabError("--at-once must be 1 or more")
    if at_once > 1 and not shared():
        together([sys.executable, "-m", "lab", *sys.argv[1:]], at_once)


class _NamingBenchmarks(str):
    """A help text that ends in the names of the benchmarks, looked up when argparse fills it in.

    Their table is imported with what reads them, which is not loaded before a command is known.
    """

    def __mod__(self, values: object) -> str:
        from lab.benchmarks.table import BENCHMARKS

        return f"{self}{', '.join(BENCHMARKS)}"


def add_preset(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what to load, for the commands and for the page."""
    parser.add_argument(
        "--preset", default="demo", help="the name of a file in presets/ (default demo)"
    )
    parser.add_argument("--model", help="a model folder that replaces the preset's model")
    parser.add_argument(
        "--tower", metavar="NAME", help="the model's vision tower, where the lab does not find it"
    )
    parser.add_argument(
        "--projector", metavar="NAME", help="the part that hands the tower's output to the words"
    )
    parser.add_argument(
        "--quantization", help="how to quantise the language model: gguf-q4, int8, nf4 or none"
    )
    parser.add_argument("--benchmark", help=_NamingBenchmarks("the benchmark: "))
    parser.add_argument("--data", help="the folder or the dataset id of the benchmark")
    parser.add_argument(
        "--allow-partial",
        action="store_true",
        help="go on with a forget split that lost members because rows of the benchmark were left "
        "out",
    )
    parser.add_argument(
        "--threads", type=thread_count, default=0, help="number of CPU threads (0: torch chooses)"
    )


def add_language(parser: argparse.ArgumentParser, default: str | None = "en") -> None:
    """Add the argument for the language of the page and the report; its value is a ``Text``.

    ``default``: None leaves the language to each visitor's browser.
    """
    parser.add_argument(
        "--language",
        type=catalogue,
        default=default,
        metavar="CODE",
        help=f"the language of the page and the report: {', '.join(languages())} "
        f"(default {default or 'the browser'})",
    )


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for how strongly a run forgets, and for single keys of its recipe."""
    parser.add_argument(
        "--strength",
        default=DEFAULT_STRENGTH,
        help="how strongly the run forgets: " + ", ".join(STRENGTHS),
    )
    add_settings(parser, Recipe)


def add_settings(parser: argparse.ArgumentParser, kind: type) -> None:
    """Add ``--set`` for single keys of a recipe; it may be given more than once."""
    parser.add_argument(
        "--set", nargs="*", action="extend", default=[], metavar="KEY=VALUE", help=fields(kind)
    )


def fields(kind: type) -> str:
    """The keys of a recipe with their help and defaults, for the help of a command."""
    return "; ".join(
        f"{f.name}: {field_help(kind, f.name)} (default {f.default})"
        for f in dataclasses.fields(kind)
        if f.name not in ("entity", "method", "seed")
    )


def field_help(kind: type, name: str) -> str:
    """The help of one field of a recipe, in English, as argparse wants it."""
    return catalogue().FIELDS[kind.__name__][name][1].replace("%", "%%")


def preset_of(options: argparse.Namespace) -> Preset:
    """The preset, with the parts that the command line replaces."""
    from lab.evaluation.session import with_options
    from lab.model.families import Parts

    preset = with_options(
        load_preset(options.preset),
        options.model,
        options.quantization,
        options.benchmark,
        options.data,
        Parts(options.tower or "", options.projector or ""),
    )
    return dataclasses.replace(preset, allow_partial=options.allow_partial)


def say_left_out(benchmark: Benchmark) -> None:
    """What was left out of a benchmark, where no workbench is opened that reports it."""
    for line in lines(benchmark):
        say(line)


def recipe_from(
    preset: Preset, entity: str, method: str, strength: str, seed: str | int, pairs: Sequence[str]
) -> Recipe:
    """Build a checked recipe from command-line words; raises ``LabError``."""
    if method not in METHODS:
        raise LabError(f"unknown method {method!r}: valid methods are {', '.join(METHODS)}")
    chosen = typed(pairs)
    for key in ("entity", "method", "seed"):
        if key in chosen:
            raise LabError(
                f"--set {key}=...: leave it out, the command has words of its own for it"
            )
    changes = {
        **at_strength(preset.recipe, strength),
        **chosen,
        "entity": entity,
        "method": method,
        "seed": seed,
    }
    return revise(preset.recipe, changes)


def typed(pairs: Sequence[str]) -> dict[str, Any]:
    """The values of ``--set`` by key; raises ``LabError`` for one that is not KEY=VALUE."""
    changes: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise LabError(f"--set {pair!r}: write KEY=VALUE")
        changes[key] = value
    return changes
