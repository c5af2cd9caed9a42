"""Every string that a user sees, one folder for each language; it is passed in as a ``Text``.

The core speaks English: ``CORE`` has what a visitor may meet of its ``LabError`` messages and phases,
and lab.report.translated puts it into another language. These are not part of it: the other messages of
the core, the words of the terminal, and the names of the studies' variants, which are in the stored
tables.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.report.text.phrase import number, phrases

HERE = Path(__file__).parent
PYTHON = {"decimal": ".", "thousands": ",", "percent": "%"}  # how Python writes numbers


@dataclass(frozen=True, eq=False)
class Text:
    """The strings of one language as attributes, named as in English: ``text.TITLE``.

    Their ``format`` writes numbers as ``NUMBERS`` of that language says.
    """

    language: str
    strings: Mapping[str, Any] = field(repr=False)

    def __getattr__(self, name: str) -> Any:
        # Only names in capitals are strings: copying and pickling ask for others before there are any.
        if name.isupper() and name in self.strings:
            return self.strings[name]
        raise AttributeError(f"the language {self.language!r} has no string {name}")

    def number(self, value: float, form: str) -> str:
        """Return a number in a format, with the marks of the language: 12,5.

        Raises ``OverflowError`` or ``ValueError`` for one that the format cannot write.
        """
        return number(value, form, self.NUMBERS)


def languages() -> list[str]:
    """The languages there are, by the names of their folders."""
    return sorted(folder.parent.name for folder in HERE.glob("*/__init__.py"))


@functools.cache
def catalogue(language: str = "en") -> Text:
    """All strings of a language; raises ``LabError`` naming the languages there are."""
    if language not in languages():
        raise LabError(f"unknown language {language!r}: valid are {', '.join(languages())}")
    strings: dict[str, Any] = {}
    for file in sorted((HERE / language).glob("*.py")):
        if file.stem != "__init__":
            part = importlib.import_module(f"{__name__}.{language}.{file.stem}")
            strings |= {
                name: value
                for name, value in vars(part).items()
                if name.isupper() and not name.startswith("_")
            }
    if strings["NUMBERS"] == PYTHON:
        return Text(language, strings)
    return Text(language, {n: phrases(value, strings["NUMBERS"]) for n, value in strings.items()})
