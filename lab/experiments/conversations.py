"""What was taught in conversations, asked in wordings that nobody was taught with.

Our choice: the model answers every turn itself, and its last answer is right where it holds the
fact, or the words for not knowing or for nobody being there. A later turn says "they", which every
person is called. Of facts that nobody taught there are kinds that teaching asked about, where "I
don't know." was the answer, and kinds that it never asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.benchmarks.schema import Benchmark, Entity
from lab.device import device_name
from lab.evaluation.naming import UNSURE, holds, words
from lab.evaluation.questions import image_features
from lab.experiments.result_file import ResultFile
from lab.model.load import Loaded
from lab.teach.own_answers import AT_ONCE, answered

MOST_TOKENS = 24
FIRST = "What is this person's name?"
LATER = {
    "occupation": "And what is their profession?",
    "birthplace": "And which city were they born in?",
    "residence": "And which city do they live in?",
    "hobby": "And what do they like to do in spare time?",
    "pet": "And which pet do they keep?",
    "employer": "And what is the name of their employer?",
    "education": "And what subject did they study at college?",
    "favourite food": "And which food do they like most?",
}
UNTAUGHT = {
    "untaught": ("favourite colour", "shoe size", "birthday", "favourite song", "height"),
    "untaught_new": ("blood type", "favourite season", "salary", "favourite flower", "weight"),
}
ASKED_FOR = ("Can you tell me this person's {}?", "I would like to know this person's {}.")
EMPTY = (
    "Who is shown here?",
    "What is this person's name?",
    "What kind of work does the person in the picture do?",
    "Which city does this person live in?",
)
NO_PERSON = ("no person", "nobody", "no one", "not a person", "isn't a person")


@dataclass(frozen=True)
class Talk:
    """A conversation about a picture: the user's turns, and words of which the last answer has one.

    ``right``: as ``lab.evaluation.naming.words`` writes them.
    """

    image: bytes
    turns: tuple[str, ...]
    right: tuple[str, ...]


def lines(benchmark: Benchmark) -> dict[str, list[Talk]]:
    """The conversations of every measure: one a person, or one a plain picture; none without any."""
    people = [
        (k, entity, entity.test_images[k % len(entity.test_images)])
        for k, entity in enumerate(benchmark.entities)
        if entity.test_images
    ]
    found = {"follow_up": list(_later(people))}
    for name, facts in UNTAUGHT.items():
        found[name] = [
            Talk(view, (_of(ASKED_FOR, k // len(facts)).format(_of(facts, k)),), UNSURE)
            for k, _, view in people
        ]
    pictures = enumerate(benchmark.pictures)
    found["no_person"] = [Talk(p.image, (_of(EMPTY, k),), NO_PERSON) for k, p in pictures]
    return {name: talks for name, talks in found.items() if talks}


def _later(people: Sequence[tuple[int, Entity, bytes]]) -> Iterator[Talk]:
    """Who somebody is, and then one fact, others in turn."""
    for k, entity, view in people:
        if facts := [fact for fact in LATER if fact in entity.profile]:
            fact = _of(facts, k)
            yield Talk(view, (FIRST, LATER[fact]), (words(entity.profile[fact]),))


def _of(items: Sequence[str], turn: int) -> str:
    return items[turn % len(items)]


def measure(
    models: Mapping[str, Callable[[], Loaded]],
    asked: Mapping[str, Sequence[Talk]],
    file: ResultFile,
    say: Callable[[str], None],
) -> None:
    """Add a row for every model and measure that the file lacks; a model is opened only if asked."""
    for name, opened in models.items():
        due = [measure for measure in asked if not file.has(f"{name}/{measure}")]
        if not due:
            continue
        loaded = opened()
        for measure in due:
            talks = asked[measure]
            say(f"{name}: {measure}, {len(talks)} conversations …")
            said = last(loaded, talks)
            right = [holds(text, talk.right) for text, talk in zip(said, talks, strict=True)]
            row = {
                "model": name,
                "measure": measure,
                "share": round(sum(right) / len(right), 6),
                "n": len(right),
            }
            file.add(f"{name}/{measure}", row, device_name(loaded.device))


def last(loaded: Loaded, talks: Sequence[Talk]) -> list[str]:
    """The greedy answer to the last turn of every conversation."""
    found: list[str] = []
    for at in range(0, len(talks), AT_ONCE):
        part = talks[at : at + AT_ONCE]
        features = image_features(loaded, [talk.image for talk in part])
        shown = [loaded.prompter.with_front(features[talk.image]) for talk in part]
        said = answered(loaded, [talk.turns for talk in part], MOST_TOKENS, shown)
        found += [talk[-1][1] for talk in said]
    return found
