"""Make the result files and write the documents from them: python -m assets.build.results

A table is measured unless its file in assets/results is whole and fits the models and questions of
today. What was cut off goes on where it was. Then the tables are written into the documents.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from assets.build.documents import write_documents
from assets.build.measures import science, waits
from assets.build.measures.shared import Lab, say
from lab.cli.starting import one_line

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=[*MEASURES], help="measure these files alone")
    parser.add_argument("--write", action="store_true", help="measure nothing, write the documents")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: torch chooses)")
    options = parser.parse_args()
    with one_line():
        lab = None if options.write else Lab(options.threads)
        for name in options.only or MEASURES:
            if lab:
                say(f"{name} …")
                MEASURES[name](lab)
        for path in write_documents():
            say(f"written: {path}")


if __name__ == "__main__":
    main()
