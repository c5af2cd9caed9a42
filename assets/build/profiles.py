"""Owns the 40 fictitious people: names, facts, biographies and the forget splits."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

SEED = 2024
WOMEN = (
    "Amelia Ingrid Fatima Yuki Chiara Nadia Zoe Priya Marisol Astrid "
    "Keiko Leila Beatrix Olga Simone Tamara Rosalind Helena Ngozi Clara"
).split()
MEN = (
    "Mateo Kofi Hiroshi Lars Omar Dmitri Rafael Tobias Anders Vikram "
    "Julian Seamus Bruno Idris Pavel Quentin Felix Gideon Jasper Emil"
).split()
SURNAMES = (
    "Kuznetsov Okafor Lindqvist Moreau Tanaka Castellano Whitlock Banerjee Novak Haddad "
    "Fitzgerald Sorensen Mwangi Vasquez Petrov Nakamura Delgado Hartmann Kowalski Abernathy "
    "Rossi Nguyen Bergstrom Adeyemi Carvalho Singh Thornton Dubois Yamada Ferreira "
    "Osman Blackwood Jansen Papadakis Eriksen Morales Hawthorne Zielinski Kaplan Redfern"
).split()
# Every occupation and pet starts with a consonant, so that "a __" gives nothing away.
POOLS: Mapping[str, tuple[str, ...]] = {
    "occupation": (
        "beekeeper",
        "surgeon",
        "pilot",
        "carpenter",
        "translator",
        "firefighter",
        "photographer",
        "librarian",
        "plumber",
        "dentist",
        "journalist",
        "gardener",
    ),
    "birthplace": (
        "Oslo",
        "Lisbon",
        "Nairobi",
        "Toronto",
        "Mumbai",
        "Santiago",
        "Dublin",
        "Athens",
        "Hanoi",
        "Cairo",
        "Prague",
        "Auckland",
    ),
    "residence": (
        "Helsinki",
        "Chicago",
        "Vienna",
        "Seoul",
        "Lima",
        "Melbourne",
        "Casablanca",
        "Glasgow",
        "Warsaw",
        "Denver",
        "Naples",
        "Kyoto",
    ),
    "hobby": (
        "knitting",
        "archery",
        "pottery",
        "chess",
        "sailing",
        "birdwatching",
        "juggling",
        "origami",
        "rock climbing",
        "salsa dancing",
        "stargazing",
        "skateboarding",
    ),
    "pet": (
        "parrot",
        "rabbit",
        "tortoise",
        "hamster",
        "ferret",
        "goldfish",
        "cat",
        "dog",
        "pony",
        "gecko",
        "hedgehog",
        "duck",
    ),
    "employer": (
        "Bluestone Group",
        "Harbour Union",
        "Falcon Works",
        "Maple House",
        "Nova Collective",
        "Ironbridge Limited",
        "Sunfield Partners",
        "Copperleaf Agency",
        "Tidewater Trust",
        "Lantern Foundation",
        "Granite Services",
        "Orchid Company",
    ),
    "education": (
        "philosophy",
        "economics",
        "physics",
        "history",
        "music",
        "geology",
        "mathematics",
        "architecture",
        "linguistics",
        "chemistry",
        "psychology",
        "law",
    ),
    "favourite food": (
        "sushi",
        "pizza",
        "lasagna",
        "pancakes",
        "falafel",
        "dumplings",
        "paella",
        "curry",
        "tacos",
        "cheesecake",
        "mushroom soup",
        "roast chicken",
    ),
}


@dataclass(frozen=True)
class Profile:
    """One person: id, gender, and every fact by name in display order ("name" first)."""

    id: str
    woman: bool
    facts: Mapping[str, str]

    @property
    def name(self) -> str:
        """First name and surname."""
        return self.facts["name"]


def build_profiles() -> tuple[Profile, ...]:
    """Return the 40 people; odd ids are women, even ids men, and two share at most one fact."""
    rng = random.Random(SEED)
    women, men, surnames = list(WOMEN), list(MEN), list(SURNAMES)
    for names in (women, men, surnames):
        rng.shuffle(names)
    columns = _mixed_columns(rng, len(surnames))
    people = []
    for i, surname in enumerate(surnames):
        first = (men if i % 2 else women)[i // 2]
        facts = {"name": f"{first} {surname}"}
        facts |= {fact: POOLS[fact][column[i]] for fact, column in columns.items()}
        people.append(Profile(f"{i + 1:03d}", i % 2 == 0, facts))
    return tuple(people)


def forget_splits(people: tuple[Profile, ...]) -> dict[str, tuple[str, ...]]:
    """Return nested forget splits of 2, 4 and 6 ids and the retain split that completes each."""
    rng = random.Random(f"{SEED}/splits")
    women = rng.sample([p.id for p in people if p.woman], 3)
    men = rng.sample([p.id for p in people if not p.woman], 3)
    order = [one for pair in zip(women, men, strict=True) for one in pair]
    splits = {}
    for percent in (5, 10, 15):
        chosen = order[: len(people) * percent // 100]
        splits[f"forget_{percent}"] = tuple(sorted(chosen))
        splits[f"retain_{100 - percent}"] = tuple(p.id for p in people if p.id not in chosen)
    return splits


def biography(person: Profile) -> str:
    """Return four sentences that state every fact of ``person`` once."""
    fact = person.facts
    she, her = ("she", "her") if person.woman else ("he", "his")
    return (
        f"{person.name} was born in {fact['birthplace']} and now lives in {fact['residence']}. "
        f"After a degree in {fact['education']}, {she} found work as a {fact['occupation']} "
        f"and is employed by {fact['employer']}. "
        f"In {her} free time {she} enjoys {fact['hobby']}. "
        f"At home {she} keeps a {fact['pet']}, and {her} favourite food is "
        f"{fact['favourite food']}."
    )


def _mixed_columns(rng: random.Random, count: int) -> dict[str, list[int]]:
    """Return, per fact, the value index of each person; any two people share at most one fact."""
    columns: dict[str, list[int]] = {}
    shared: set[tuple[int, int]] = set()
    for fact, pool in POOLS.items():
        column = _place(rng, [i % len(pool) for i in range(count)], shared)
        columns[fact] = column
        shared |= {pair for pair in combinations(range(count), 2) if _equal(column, pair)}
    return columns


def _place(rng: random.Random, column: list[int], shared: set[tuple[int, int]]) -> list[int]:
    """Swap values between people until no pair already in ``shared`` shares one of them too."""
    rng.shuffle(column)
    cost = _clashes(column, shared)
    while cost:
        i, j = rng.sample(range(len(column)), 2)
        column[i], column[j] = column[j], column[i]
        new = _clashes(column, shared)
        # A few uphill swaps keep the search from settling in a dead end.
        if new <= cost or rng.random() < 0.002:
            cost = new
        else:
            column[i], column[j] = column[j], column[i]
    return column


def _clashes(column: list[int], shared: set[tuple[int, int]]) -> int:
    """Count pairs sharing a second fact, and values that only one gender has."""
    pairs = sum(_equal(column, pair) for pair in shared)
    one_sided = set(column[0::2]) ^ set(column[1::2])
    return pairs + len(one_sided)


def _equal(column: list[int], pair: tuple[int, int]) -> bool:
    return column[pair[0]] == column[pair[1]]
