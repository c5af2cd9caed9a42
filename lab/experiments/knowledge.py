"""What models know: every measure on held-out views and wordings, kept a measure at a time.

Our choice: people are asked about in two groups, since models taught without some people are to
know the others as well. A stranger is asked for by the wordings for names, which take turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lab.benchmarks.schema import Benchmark, Entity
from lab.device import device_name
from lab.evaluation.asks import general_asks, name_asks, picture_asks, stranger_asks
from lab.evaluation.measures import asks_of
from lab.evaluation.naming import others_names
from lab.evaluation.questions import Ask, chance, share
from lab.evaluation.scores import Baseline
from lab.evaluation.seeing import majority
from lab.experiments.result_file import ResultFile
from lab.model.load import Loaded

EVERYBODY, LEFT_OUT, STRANGERS, NOBODY = "everybody", "left_out", "strangers", "nobody"
ABOUT_PEOPLE = (
    "forget_vqa",
    "forget_name",
    "names_other",
    "says_unknown",
    "forget_qa",
    "still_sees",
)
PER_STRANGER, PER_PICTURE = 4, 2


@dataclass(frozen=True)
class Line:
    """The questions of one measure about one group."""

    measure: str
    about: str
    asks: tuple[Ask, ...]


def lines(benchmark: Benchmark, left_out: Collection[str]) -> list[Line]:
    """Everything that is asked; ``left_out``: who was not taught to every model, by id.

    A group or measure without any question has no line.
    """
    groups = {
        EVERYBODY: [e for e in benchmark.entities if e.id not in left_out],
        LEFT_OUT: [e for e in benchmark.entities if e.id in left_out],
    }
    found = [
        Line(measure, about, tuple(a for e in people for a in asks_of(measure, benchmark, e)))
        for about, people in groups.items()
        for measure in ABOUT_PEOPLE
    ]
    names = tuple(_naming_strangers(benchmark))
    found += [
        Line("still_sees", STRANGERS, tuple(_seeing_strangers(benchmark))),
        Line("names_other", STRANGERS, names),
        Line("says_unknown", STRANGERS, names),
        Line("general_qa", NOBODY, tuple(general_asks(benchmark))),
        Line("pictures_vqa", NOBODY, tuple(picture_asks(benchmark, PER_PICTURE))),
    ]
    return [line for line in found if line.asks]


def _seeing_strangers(benchmark: Benchmark) -> list[Ask]:
    """What can be seen of the strangers; the guess gives the answers most common among them."""
    asks = stranger_asks(benchmark, PER_STRANGER)
    counts: dict[str, Counter[str]] = {}
    for ask in asks:
        counts.setdefault(ask.question.fact, Counter())[ask.question.answer] += 1
    return [replace(a, guess=majority(a.question, counts)) for a in asks]


def _naming_strangers(benchmark: Benchmark) -> Iterator[Ask]:
    """Each stranger's picture with a question for the name; any person's name names somebody else."""
    people: Sequence[Entity] = benchmark.entities
    wordings = list({a.question.text: a.question for a in name_asks(people[0])}.values())
    forms = others_names([e.name for e in people], "")
    if wordings:
        for k, picture in enumerate(benchmark.strangers):
            question = replace(wordings[k % len(wordings)], id=f"{picture.id}/name", answer="")
            yield Ask(question, picture.image, others=forms)


def measure(
    models: Mapping[str, Callable[[], Loaded]],
    asked: Sequence[Line],
    file: ResultFile,
    say: Callable[[str], None],
) -> None:
    """Add a row for every model and line that the file lacks; a model is opened only if asked."""
    for name, opened in models.items():
        due = [line for line in asked if not file.has(_row_id(name, line))]
        if not due:
            continue
        loaded = opened()
        keeper = Baseline(loaded)
        for line in due:
            say(f"{name}: {line.measure} about {line.about}, {len(line.asks)} questions …")
            verdicts = keeper.verdicts(line.measure, line.asks)
            row = {
                "model": name,
                "measure": line.measure,
                "about": line.about,
                "share": round(share(verdicts), 6),
                "n": len(verdicts),
                "chance": round(chance(line.asks), 6),
            }
            file.add(_row_id(name, line), row, device_name(loaded.device))


def _row_id(name: str, line: Line) -> str:
    return f"{name}/{line.measure}/{line.about}"
