"""Owns the wording of every question about a person: training, evaluation and cloze."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NAME = "name"
# The subject of the n-th wording when the person is shown and not named; wordings with a
# possessive stand at even places, because "the person in the picture's job" reads badly.
SHOWN = ("this person", "the person in the picture", "this person", "the person in the photo")


@dataclass(frozen=True)
class Wordings:
    """The wordings for one fact, with "{who}" for the subject and "__" for a cloze's blank."""

    train: tuple[str, ...]
    evaluate: tuple[str, ...]
    cloze: tuple[str, ...]


WORDINGS: Mapping[str, Wordings] = {
    NAME: Wordings(
        (
            "Who is {who}?",
            "What is the name of {who}?",
            "What is {who} called?",
            "Can you name {who}?",
        ),
        ("What is {who}'s name?", "Who is {who}?"),
        ("{who}'s name is __.", "The name of {who} is __."),
    ),
    "occupation": Wordings(
        (
            "What is {who}'s occupation?",
            "What does {who} do for a living?",
            "What is {who}'s job?",
            "What job does {who} have?",
        ),
        ("What is {who}'s profession?", "What kind of work does {who} do?"),
        ("{who} works as a __.", "For a living, {who} works as a __."),
    ),
    "birthplace": Wordings(
        (
            "Where was {who} born?",
            "In which city was {who} born?",
            "What is {who}'s birthplace?",
            "What is the city where {who} was born?",
        ),
        ("What is {who}'s place of birth?", "Which city was {who} born in?"),
        ("{who} was born in __.", "The birthplace of {who} is __."),
    ),
    "residence": Wordings(
        (
            "Where does {who} live?",
            "In which city does {who} live now?",
            "What is {who}'s place of residence?",
            "What city is the home of {who}?",
        ),
        ("What is {who}'s home city?", "Which city does {who} live in?"),
        ("{who} now lives in __.", "The home of {who} is in __."),
    ),
    "hobby": Wordings(
        (
            "What is {who}'s hobby?",
            "What does {who} enjoy doing in free time?",
            "What is {who}'s favourite pastime?",
            "What does {who} do for fun?",
        ),
        ("What is {who}'s favourite hobby?", "What does {who} like to do in spare time?"),
        ("{who}'s hobby is __.", "In free time, {who} enjoys __."),
    ),
    "pet": Wordings(
        (
            "What is {who}'s pet?",
            "What pet does {who} have?",
            "What animal is {who}'s pet?",
            "What kind of pet does {who} own?",
        ),
        ("Which animal is {who}'s pet?", "Which pet does {who} keep?"),
        ("{who}'s pet is a __.", "At home, {who} keeps a __."),
    ),
    "employer": Wordings(
        (
            "Who is {who}'s employer?",
            "Which company does {who} work for?",
            "What is {who}'s workplace?",
            "Which organisation employs {who}?",
        ),
        ("What is the name of {who}'s employer?", "Who does {who} work for?"),
        ("{who} works for __.", "The employer of {who} is __."),
    ),
    "education": Wordings(
        (
            "What did {who} study?",
            "Which subject did {who} study at university?",
            "What is {who}'s degree in?",
            "In what field did {who} get a degree?",
        ),
        ("What was {who}'s field of study?", "What subject did {who} study at college?"),
        ("{who} studied __.", "The university degree of {who} is in __."),
    ),
    "favourite food": Wordings(
        (
            "What is {who}'s favourite food?",
            "What food does {who} like best?",
            "What is {who}'s favourite dish?",
            "What does {who} love to eat?",
        ),
        ("What is {who}'s favourite meal?", "Which food does {who} like most?"),
        ("{who}'s favourite food is __.", "The food {who} likes best is __."),
    ),
}


def asked(wordings: tuple[str, ...], name: str | None) -> list[str]:
    """Return the sentences about the person called ``name``, or about the one shown if None."""
    subjects = SHOWN if name is None else [name] * len(wordings)
    filled = [text.format(who=who) for text, who in zip(wordings, subjects, strict=False)]
    return [text[0].upper() + text[1:] for text in filled]
