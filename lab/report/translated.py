"""What the core says in English, put into a reader's language."""

from __future__ import annotations

import functools
import re
import string

from lab.report.text import Text, catalogue

# Sentences of the English catalogue that parts without a language raise or keep.
SHARED = (
    "PERSON_GONE",
    "OWN_UPLOAD_GONE",
    "OWN_BAD",
    "OWN_HEAVY",
    "OWN_AGAIN",
    "NOT_STAGED",
    "GONE",
    "UPLOADS_FULL",
    "EXAMPLE_NOTE",
)


def translated(words: str, text: Text) -> str:
    """Return what the core said, in the language of ``text``; as it is where nobody translated it.

    What stands at a placeholder is put into the language too: an error may quote another.
    """
    if text.language == catalogue().language:
        return words
    for name, pattern in _patterns():
        found = pattern.fullmatch(words)
        if found:
            theirs = text.CORE.get(name) or text.strings[name]
            parts = {key: translated(part, text) for key, part in found.groupdict().items()}
            return str(theirs.format(**parts))
    return words


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """The English sentences by name, the one with the most letters first."""
    english = catalogue()
    all_of = english.CORE | {name: english.strings[name] for name in SHARED}
    longest = sorted(all_of.items(), key=lambda item: len(_bare(item[1])), reverse=True)
    return [(name, _pattern(sentence)) for name, sentence in longest]


def _bare(sentence: str) -> str:
    return "".join(words for words, *_ in string.Formatter().parse(sentence))


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = string.Formatter().parse(sentence)
    return re.compile(
        "".join(re.escape(w) + (f"(?P<{name}>.*?)" if name else "") for w, name, *_ in parts),
        re.DOTALL,
    )
