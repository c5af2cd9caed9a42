"""The blocks of the documents that hold figures, each filled from a file in assets/results.

A block stands between ``<!-- results: NAME -->`` and ``<!-- end -->``; what stands in it is
replaced. So no figure is copied by hand, and ``tests/unit/test_results.py`` fails where a document
and its file differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from assets.build.tables import (
    aims,
    another_face,
    attacks,
    comparison,
    frontier,
    general,
    kept,
    knowledge,
    load,
    page,
    people,
    speed,
    students,
)
from lab.errors import LabError
from lab.experiments.studies import RESULTS, STUDIES
from lab.files import ROOT, put

DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"<!-- results: (?P<name>[\w-]+) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)
NOT_YET = "*Not measured yet.*"

# From the folder of the result files to Markdown; "" where a file is not there.
Table = Callable[[Path], str]
TABLES: Mapping[str, Table] = {
    "models": knowledge.models,
    "turns": knowledge.turns,
    "tokens": knowledge.tokens,
    "people": people.people,
    "aims": aims.aims,
    "aims-missed": aims.missed,
    "people-summary": people.people_summary,
    "people-times": people.people_times,
    "general": general.general,
    "general-answers": general.general_answers,
    "attacks": attacks.attacks,
    "attackers": attacks.attackers,
    "depths": attacks.depths,
    "frontier": frontier.frontier,
    "another-face": another_face.another_face,
    "page": page.page,
    "speed": speed.speed,
    "against": speed.against,
    "room": speed.room,
    "load": load.load,
    "growth": speed.growth,
    "sizes": speed.sizes,
    "students": students.students,
    "families": kept.families,
    "larger": kept.larger,
    "replicas": kept.replicas,
    "tuning": comparison.tuning,
    "methods": comparison.methods,
    "relearning": comparison.relearning,
    "differences": comparison.differences,
    "grid": kept.grid,
    "grid-shares": kept.shares,
    "icu": kept.icu,
    **{f"study-{name}": partial(kept.study, name=name) for name in STUDIES},
}


def names(text: str) -> Iterator[str]:
    """The names of a document's blocks, in their order."""
    yield from (found["name"] for found in BLOCK.finditer(text))


def filled(text: str, results: Path = RESULTS) -> str:
    """A document with every block written anew; raises ``LabError`` for an unknown name."""

    def block(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in TABLES:
            raise LabError(f"no table is called {name!r}: valid are {', '.join(TABLES)}")
        body = TABLES[name](results) or NOT_YET
        return f"<!-- results: {name} -->\n\n{body}\n\n<!-- end -->"

    return BLOCK.sub(block, text)


def write_documents() -> Iterator[Path]:
    """Write every document that its files have outdated, and yield it."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        if (new := filled(text)) != text:
            put(path, new)
            yield path
