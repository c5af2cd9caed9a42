"""The command line: runs one command of ``lab.cli`` and prints its result."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.cli import (
    attack,
    bench,
    compare,
    evaluate,
    export,
    identity,
    load,
    own,
    people,
    run,
    serve,
    study,
    teach,
    where,
)
from lab.cli.common import Checked, preset_of
from lab.cli.starting import one_line, print_anything
from lab.model.free_memory import check_room

COMMANDS = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        serve,
        people,
        own,
        run,
        evaluate,
        attack,
        export,
        identity,
        where,
        compare,
        study,
        teach,
        bench,
        load,
    )
}
NO_MODEL = ("people", "own", "load")  # this process loads none, so it runs where no model fits


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; a mistake ends with exit code 2 and one line on stderr.

    A result of which something does not hold ends with exit code 1.
    """
    print_anything()
    with one_line():
        options = _parser().parse_args(arguments)
        if options.command not in NO_MODEL:
            check_room()
        result, holds = COMMANDS[options.command].command(options), True
        if isinstance(result, Checked):
            result, holds = result.result, result.holds
        if result is not None:
            result = _whole(options, result)
            print(_json(result) if options.json else _readable(result))
    if not holds:
        raise SystemExit(1)


def _whole(options: argparse.Namespace, result: Any) -> Any:
    """The result as ``--json`` prints it: with what was left out of the benchmark it is about.

    A list stays a list while nothing was left out, and is named after the command otherwise.
    """
    without = not hasattr(options, "benchmark") or options.command == "load"  # it is about a server
    if not options.json or without or getattr(options, "random", None):
        return result
    from lab.benchmarks.left_out import as_json, left_out
    from lab.evaluation.session import read_benchmark

    left = left_out(read_benchmark(preset_of(options)))
    if isinstance(result, list):
        return {options.command: result, "left_out": as_json(left)} if left.rows else result
    return {**result, "left_out": as_json(left)} if isinstance(result, dict) else result


def _json(result: Any) -> str:
    from lab.events.lines import plain

    return json.dumps(plain(result))


def _parser() -> argparse.ArgumentParser:
    as_module = Path(sys.argv[0]).name == "__main__.py"
    parser = argparse.ArgumentParser(
        prog="python -m lab" if as_module else "mllm-lab", description=__doc__
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.arguments(commands.add_parser(name, help=module.HELP))
    return parser


def _readable(result: Any) -> str:
    if isinstance(result, str):
        return result
    if isinstance(result, list):
        return "\n".join("  ".join(str(v) for v in row.values()) for row in result)
    return "\n".join(
        f"{k}: {json.dumps(v) if isinstance(v, dict | list) else v}"
        for k, v in result.items()
        if k != "left_out"  # said on stderr already
    )
