"""A room of conversations with several unlearned models: together against one after another."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import torch

from lab.bench.ratios import Ratio
from lab.evaluation.session import Workbench
from lab.model.overlay import Delta, visual_part
from lab.model.prompts import Prompter
from lab.model.version import Version
from lab.serve.chat import LONGEST_ANSWER, in_turn
from lab.serve.room import Room
from lab.serve.views import Turn
from lab.unlearn.outcome import Outcome

CONVERSATIONS, VERSIONS = 30, 10
QUESTIONS = (
    "Describe what is in the picture in one sentence.",
    "Who is this person, and where do they live?",
    "What does this person do for a living, and what else do you know about them?",
)
Words = Generator[tuple[str, ...]]
Plan = Callable[[Room], Words]


@dataclass
class Heard:
    """What one visitor heard: seconds from the question to the first word, and the answer."""

    words: Words
    begun: float
    first: float = 0.0
    answer: tuple[str, ...] = field(default=())


def room(work: Workbench, outcome: Outcome) -> list[Ratio]:
    """Thirty conversations, three with each of ten deltas and about one portrait.

    The deltas are parts of the way to a run's last one. One after another, too, what was read of a
    portrait is remembered. Measured once, because it takes minutes: with the answers as they are,
    and with answers that are all as long as the lab allows.
    """
    plans = _plans(work, visual_part(outcome.delta))
    single, at_once, asked = _together(plans, "room_to_one_by_one", "")
    in_a_row = answered(plans, 1, Room())
    worst, first = max(
        zip(in_a_row, single, strict=True), key=lambda pair: pair[0].first / pair[1].first
    )
    waits = statistics.median(h.first for h in at_once)
    with _endless(work.loaded.prompter):
        words = f", every answer of {LONGEST_ANSWER} tokens"
        *_, longest = _together(plans, "room_longest_answers", words)
    return [
        asked,
        longest,
        Ratio(
            "room_first_word",
            f"first word, the slowest of {len(plans)} conversations that begin one a token; "
            f"{_same(single, in_a_row)} of {len(plans)} answers the same; half of those asked at once wait "
            f"{waits:.2f} s or longer",
            worst.first,
            "the same conversation alone",
            first.first,
            1,
            "at most 3",
        ),
    ]


def _together(
    plans: Sequence[Plan], name: str, words: str
) -> tuple[list[Heard], list[Heard], Ratio]:
    """All conversations one after another, then all asked at once, and how long both took."""
    begun, alone = time.perf_counter(), Room()
    single = [answered([plan], 0, alone)[0] for plan in plans]
    one_by_one = time.perf_counter() - begun
    begun = time.perf_counter()
    at_once = answered(plans, 0, Room())
    together = time.perf_counter() - begun
    what = (
        f"{len(plans)} conversations with {VERSIONS} deltas, asked at once and answered "
        f"together{words}; {_same(single, at_once)} of {len(plans)} answers the same"
    )
    ratio = Ratio(name, what, together, "one after another", one_by_one, 1, "at most 0.2")
    return single, at_once, ratio


def _same(some: Sequence[Heard], others: Sequence[Heard]) -> int:
    return sum(a.answer == b.answer for a, b in zip(some, others, strict=True))


@contextmanager
def _endless(prompter: Prompter) -> Iterator[None]:
    """Let no answer end by itself: the end token counts as any other."""
    end, prompter.end_id = prompter.end_id, -1
    try:
        yield
    finally:
        prompter.end_id = end


def _plans(work: Workbench, delta: Delta) -> list[Plan]:
    """One conversation each, by the room in which it takes place."""
    base, people = work.loaded.base.visual, work.benchmark.entities
    plans: list[Plan] = []
    for k in range(VERSIONS):
        part = {n: torch.lerp(base[n], t, (k + 1) / VERSIONS) for n, t in delta.items()}
        side = Version(f"part {k}", work.loaded, part)
        image = people[k % len(people)].test_images[0]
        for n in range(CONVERSATIONS // VERSIONS):
            turns = [Turn(QUESTIONS[n % len(QUESTIONS)])]
            plans.append(partial(in_turn, [side], turns, image, LONGEST_ANSWER))
    return plans


def answered(plans: Sequence[Plan], apart: int, room: Room) -> list[Heard]:
    """Hear all conversations in turn, as the worker does them, each ``apart`` words after another."""
    heard: list[Heard] = []
    line: deque[Heard] = deque()
    rounds = 0
    while line or len(heard) < len(plans):
        while len(heard) < len(plans) and len(heard) * apart <= rounds:
            heard.append(Heard(plans[len(heard)](room), time.perf_counter()))
            line.append(heard[-1])
        for _ in range(len(line)):
            one = line.popleft()
            said = next(one.words, None)
            if said is not None:
                line.append(one)
            if said:
                one.first = one.first or time.perf_counter() - one.begun
                one.answer = said
        rounds += 1
    return heard
