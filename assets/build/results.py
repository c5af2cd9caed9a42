"""Make the result files and write the documents from them: python -m assets.build.results

A table is measured unless its file in assets/results is whole and fits the models and questions of
today. What was cut off goes on where it was. Then the tables are written into the documents.

On a GPU that one run does not fill, several processes measure together:
python -m assets.build.results --only people frontier --at-once 8
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from assets.build.documents import write_documents
from assets.build.measures import science, waits
from assets.build.measures.shared import Lab, say
from lab.cli.starting import one_line
from lab.experiments.claims import shared, together

MEASURES: Mapping[str, Callable[[Lab], None]] = {
    each.__name__: each
    for each in (
        science.models,
        science.turns,
        science.tokens,
        science.people,
        science.general,
        science.attacks,
        science.frontier,
        science.another_face,
        science.controls,
        science.studies,
        waits.bench,
        waits.sizes,
        waits.page,
        waits.load,
        waits.families,
        waits.larger,
        waits.against,
    )
}

# Of these, every row is made by itself, so that several processes can share them.
SHARED = ("people", "attacks", "frontier", "another_face")


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    with one_line():
        if options.at_once > 1:
            command = [sys.executable, "-m", "assets.build.results", "--only", *options.only]
            together([*command, "--threads", str(options.threads)], options.at_once)
        elif not options.write:
            lab = Lab(options.threads)
            for name in options.only or MEASURES:
                say(f"{name} …")
                MEASURES[name](lab)
        if not shared():
            for path in write_documents():
                say(f"written: {path}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=[*MEASURES], help="measure these files alone")
    parser.add_argument("--write", action="store_true", help="measure nothing, write the documents")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: torch chooses)")
    parser.add_argument("--at-once", type=int, default=1, help="processes on the same device")
    options = parser.parse_args(arguments)
    if options.at_once > 1 and not set(options.only or MEASURES) <= set(SHARED):
        parser.error(f"--at-once: name measures after --only, of these: {', '.join(SHARED)}")
    return options


if __name__ == "__main__":
    main()
