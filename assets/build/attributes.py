"""Owns what can be seen of every face: the labels, and the questions that are made of them.

`attributes.json` holds one line a face, for the 40 people and for every stranger. The labels were
given once, by an AI model that looked at contact sheets of the clean views, and then
held against the views that are shipped: where a view shows something else the label is "unsure",
as it is wherever the model could not say. What is unsure is never asked. The labels say how a face
appears to a viewer and nothing more, age and gender above all. A second pass over 40 faces is told
of in `assets/LICENSES.md`.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assets.build.attribute_wordings import ATTRIBUTES, DESCRIBE, SHOWN, Attribute, Wordings
from assets.build.general import LETTERS
from assets.build.profiles import SEED

TABLE = Path(__file__).resolve().parent / "attributes.json"
UNSURE = "unsure"
# Labels that say why there is nothing to ask: no hair at all, or hair under a hat.
SILENT = {"hair colour": ("bald", "hidden"), "hair length": ("bald", "hidden")}
CHECK, WHICH, DESCRIPTION = "yes_no", "which", "description"  # the kinds of question

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Seen:
    """One question about a face: its answer as a word and as a sentence, and what to choose from.

    A description has no options, and its answer is the sentence.
    """

    fact: str
    kind: str
    question: str
    options: tuple[str, ...]
    answer: str
    sentence: str


def load_labels(table: Path = TABLE) -> dict[str, Labels]:
    """Return the labels by id; a face with a missing or unknown label ends the build."""
    rows = {row.pop("id"): row for row in json.loads(table.read_text(encoding="utf-8"))}
    for face, labels in rows.items():
        if list(labels) != list(ATTRIBUTES):
            raise SystemExit(f"{table.name}: {face} must have {', '.join(ATTRIBUTES)}")
        for fact, value in labels.items():
            known = (*ATTRIBUTES[fact].clauses, *SILENT.get(fact, ()), UNSURE)
            if value not in known:
                raise SystemExit(f"{table.name}: {face}, {fact}: {value} is none of {known}")
    return rows


def questions(face: str, labels: Labels, held_out: bool) -> list[Seen]:
    """Return every question about a face, in the training or in the held-out wordings."""
    found: list[Seen] = []
    for fact, attribute in ATTRIBUTES.items():
        if labels[fact] not in attribute.clauses:
            continue
        rng = random.Random(f"{SEED}/{face}/{fact}/{held_out}")
        found += _checks(rng, fact, attribute, labels[fact], held_out)
        # A hat or a scarf? Where only this is open, the question which of them is left out.
        if attribute.which and labels[fact] != "covered":
            found += _which(rng, fact, attribute, labels[fact], held_out)
    sentence = describe(labels)
    found += [
        Seen(DESCRIPTION, DESCRIPTION, text, (), sentence, sentence)
        for text in _shown(DESCRIBE, held_out, "")
    ]
    return found


def _checks(
    rng: random.Random, fact: str, attribute: Attribute, value: str, held_out: bool
) -> Iterator[Seen]:
    """Yield the yes/no questions; where a value is named, every second one names another value."""
    others = [other for other in attribute.clauses if other != value]
    start = rng.randrange(2)
    for place, _ in enumerate(_texts(attribute.check, held_out)):
        named = value if (place + start) % 2 else rng.choice(others)
        clause = attribute.clauses[named if not attribute.positive else value]
        right = value in attribute.positive if attribute.positive else named == value
        text = _shown(attribute.check, held_out, named, clause)[place]
        said = clause if attribute.positive or right else _denied(clause)
        answer = "yes" if right else "no"
        sentence = f"{answer.title()}, {_lower(attribute.subject)} {said}."
        yield Seen(fact, CHECK, text, _shuffled(rng, ["yes", "no"]), answer, sentence)


def _which(
    rng: random.Random, fact: str, attribute: Attribute, value: str, held_out: bool
) -> Iterator[Seen]:
    assert attribute.which
    others = [other for other in attribute.clauses if other not in (value, "covered")]
    for text in _shown(attribute.which, held_out, ""):
        wrong = rng.sample(others, min(len(others), len(LETTERS) - 1))
        options = _shuffled(rng, [value, *wrong])
        sentence = f"{attribute.subject} {attribute.clauses[value]}."
        yield Seen(fact, WHICH, text, options, value, sentence)


def describe(labels: Labels) -> str:
    """Return one sentence of all that is sure about a face."""
    noun = _noun(labels)
    features = _features(labels)
    parts = [f"{'An' if noun[0] in 'aeiou' else 'A'} {noun}"]
    if features:
        parts[0] += f" with {_listed(features)}"
    covering = labels["head covering"]
    if covering in ATTRIBUTES["head covering"].positive:
        parts.append(_object(ATTRIBUTES["head covering"].clauses[covering], "is "))
    if labels["smile"] == "yes":
        parts.append("smiling")
    if labels["background"] != UNSURE:
        parts.append(f"in front of a {labels['background']} background")
    return ", ".join(parts) + "."


def _noun(labels: Labels) -> str:
    """Return who is seen, by apparent age and gender as far as they are sure."""
    age, gender = labels["age"], labels["gender"]
    if gender == UNSURE:
        noun = {UNSURE: "person", "young adult": "young adult"}.get(age, f"{age} person")
    else:
        young = {UNSURE: "", "young adult": "young "}
        noun = f"{young.get(age, f'{age} ')}{gender}"
    return f"bald {noun}" if labels["hair length"] == "bald" else noun


def _features(labels: Labels) -> list[str]:
    hair = [
        labels[fact]
        for fact in ("hair length", "hair colour")
        if labels[fact] in ATTRIBUTES[fact].clauses
    ]
    features = [" ".join([*hair, "hair"])] if hair else []
    facial = labels["facial hair"]
    if facial in ATTRIBUTES["facial hair"].positive:
        features.append(_object(ATTRIBUTES["facial hair"].clauses[facial], "has "))
    if labels["glasses"] == "yes":
        features.append("glasses")
    return features


def _texts(wordings: Wordings, held_out: bool) -> tuple[str, ...]:
    return wordings.evaluate if held_out else wordings.train


def _shown(wordings: Wordings, held_out: bool, word: str, clause: str = "") -> list[str]:
    """Return the wordings about the person shown, with the value that is asked about."""
    value = _object(_object(clause, "has "), "is ")
    filled = [
        text.format(who=who, word=word, value=value)
        for text, who in zip(_texts(wordings, held_out), SHOWN, strict=False)
    ]
    return [_upper(text) for text in filled]


def _denied(clause: str) -> str:
    if clause.startswith("has "):
        return f"does not have {_object(clause, 'has ')}"
    return f"is not {_object(clause, 'is ')}"


def _object(clause: str, verb: str) -> str:
    return clause.removeprefix(verb)


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _shuffled(rng: random.Random, options: list[str]) -> tuple[str, ...]:
    return tuple(rng.sample(options, len(options)))


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def main() -> None:
    """Print, for the people and for the strangers, how often each label stands in the table."""
    rows = load_labels()
    people = [labels for face, labels in rows.items() if not face.startswith("s")]
    strangers = [labels for face, labels in rows.items() if face.startswith("s")]
    print("| attribute | the 40 people | strangers |\n|---|---|---|")
    for fact in ATTRIBUTES:
        cells = []
        for group in (people, strangers):
            counted = Counter(labels[fact] for labels in group).most_common()
            cells.append(", ".join(f"{value} {count}" for value, count in counted))
        print(f"| {fact} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
