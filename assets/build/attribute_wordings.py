"""Owns the wording of every question about what can be seen of a face, and of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# The subject of the n-th wording; wordings with a possessive stand at even places, as in
# `phrasings.SHOWN`.
SHOWN = ("this person", "the person in the picture", "this person", "the person in the photo")


@dataclass(frozen=True)
class Wordings:
    """The wordings of one question, with "{who}" for the subject and "{value}" for a value."""

    train: tuple[str, str, str, str]
    evaluate: tuple[str, str]


@dataclass(frozen=True)
class Attribute:
    """How one attribute is asked about.

    ``clauses`` says each value of the ``subject``. In ``check`` {word} is a value and {value} its
    clause without the verb. An attribute with ``positive`` values is checked as a whole, with yes
    as the answer for those; else one value at a time is asked about. ``which`` asks for the value.
    """

    clauses: Mapping[str, str]
    check: Wordings
    which: Wordings | None = None
    positive: tuple[str, ...] = ()
    subject: str = "This person"


ATTRIBUTES: Mapping[str, Attribute] = {
    "glasses": Attribute(
        {"yes": "is wearing glasses", "no": "is not wearing glasses"},
        Wordings(
            (
                "Is {who} wearing glasses?",
                "Does {who} have glasses on?",
                "Are there glasses on {who}'s face?",
                "Does {who} wear glasses?",
            ),
            ("Can you see glasses on {who}'s face?", "Has {who} got glasses on?"),
        ),
        positive=("yes",),
    ),
    "hair colour": Attribute(
        {c: f"has {c} hair" for c in ("black", "brown", "blond", "grey", "red")},
        Wordings(
            (
                "Is {who}'s hair colour {word}?",
                "Does {who} have {value}?",
                "Is {who}'s hair {word}?",
                "Can {value} be seen on {who}?",
            ),
            ("Is {word} the colour of {who}'s hair?", "Has {who} got {value}?"),
        ),
        Wordings(
            (
                "What is {who}'s hair colour?",
                "What colour of hair does {who} have?",
                "What colour is {who}'s hair?",
                "Which hair colour does {who} have?",
            ),
            ("Which colour is {who}'s hair?", "What is the hair colour of {who}?"),
        ),
    ),
    "hair length": Attribute(
        {length: f"has {length} hair" for length in ("short", "long")},
        Wordings(
            (
                "Is {who}'s hair {word}?",
                "Does {who} have {value}?",
                "Is the length of {who}'s hair {word}?",
                "Does {who} wear {value}?",
            ),
            ("Would you call {who}'s hair {word}?", "Has {who} got {value}?"),
        ),
        Wordings(
            (
                "How long is {who}'s hair?",
                "Does {who} have short or long hair?",
                "Is {who}'s hair long or short?",
                "What length of hair does {who} have?",
            ),
            ("What is {who}'s hair length?", "Is the hair of {who} short or long?"),
        ),
    ),
    "facial hair": Attribute(
        {
            "none": "has no facial hair",
            "stubble": "has stubble",
            "moustache": "has a moustache",
            "beard": "has a beard",
        },
        Wordings(
            (
                "Is there any hair on {who}'s chin or lip?",
                "Does {who} have facial hair?",
                "Is {who}'s face unshaven?",
                "Does {who} have a beard, a moustache or stubble?",
            ),
            ("Is there hair on {who}'s face?", "Has {who} got facial hair?"),
        ),
        Wordings(
            (
                "What is {who}'s facial hair?",
                "Which facial hair does {who} have?",
                "What sort of hair is on {who}'s face?",
                "What kind of facial hair does {who} have?",
            ),
            ("What would you call {who}'s facial hair?", "What facial hair has {who} got?"),
        ),
        positive=("stubble", "moustache", "beard"),
    ),
    "head covering": Attribute(
        {
            "nothing": "is wearing nothing on the head",
            "hat": "is wearing a hat",
            "scarf": "is wearing a scarf on the head",
            "covered": "is wearing something on the head",
        },
        Wordings(
            (
                "Is there something on {who}'s head?",
                "Is {who} wearing something on the head?",
                "Is {who}'s head covered?",
                "Does {who} wear a hat or a scarf?",
            ),
            ("Is {who}'s head under a hat or scarf?", "Has {who} got something on the head?"),
        ),
        Wordings(
            (
                "What is on {who}'s head?",
                "What is {who} wearing on the head?",
                "What covers {who}'s head?",
                "What does {who} have on the head?",
            ),
            ("What can you see on {who}'s head?", "What does {who} wear on the head?"),
        ),
        positive=("hat", "scarf", "covered"),
    ),
    "smile": Attribute(
        {"yes": "is smiling", "no": "is not smiling"},
        Wordings(
            (
                "Is there a smile on {who}'s face?",
                "Is {who} smiling?",
                "Is {who}'s face smiling?",
                "Does {who} smile?",
            ),
            ("Can you see {who}'s smile?", "Is {who} giving a smile?"),
        ),
        positive=("yes",),
    ),
    "teeth": Attribute(
        {"yes": "is showing teeth", "no": "is not showing teeth"},
        Wordings(
            (
                "Can you see {who}'s teeth?",
                "Is {who} showing teeth?",
                "Are {who}'s teeth visible?",
                "Does {who} show teeth?",
            ),
            ("Are any of {who}'s teeth visible?", "Do the teeth of {who} show?"),
        ),
        positive=("yes",),
    ),
    "age": Attribute(
        {
            "young adult": "is a young adult",
            "middle-aged": "is middle-aged",
            "older": "is an older person",
        },
        Wordings(
            (
                "By the looks, is {who} {value}?",
                "Does {who} look to be {value}?",
                "Is {who} {value}?",
                "Would you say {who} is {value}?",
            ),
            ("Does {who} seem to be {value}?", "Could you say that {who} is {value}?"),
        ),
        Wordings(
            (
                "What is {who}'s age group?",
                "About how old is {who}?",
                "How old does {who} look?",
                "Which age group does {who} seem to be in?",
            ),
            ("What is {who}'s apparent age?", "How old would you say {who} is?"),
        ),
    ),
    "gender": Attribute(
        {"woman": "is a woman", "man": "is a man"},
        Wordings(
            (
                "Is {who} {value}?",
                "Does {who} look like {value}?",
                "Would you say {who} is {value}?",
                "Do you see {value} when you look at {who}?",
            ),
            ("Does {who} appear to be {value}?", "Could you say that {who} is {value}?"),
        ),
        Wordings(
            (
                "Is {who} a woman or a man?",
                "Does {who} look like a woman or a man?",
                "What is {who}'s apparent gender?",
                "Do you see a man or a woman when you look at {who}?",
            ),
            ("Is {who} a man or a woman?", "Does {who} appear to be a man or a woman?"),
        ),
    ),
    "background": Attribute(
        {tone: f"is {tone}" for tone in ("light", "dark", "green")},
        Wordings(
            (
                "Is the background behind {who} {value}?",
                "Does {who} stand in front of a {value} background?",
                "Is it {value} behind {who}?",
                "Is the background of the picture {value}?",
            ),
            ("Is what lies behind {who} {value}?", "Does the photo have a {value} background?"),
        ),
        Wordings(
            (
                "What is the background behind {who} like?",
                "What kind of background does the picture have?",
                "What is it like behind {who}: light, dark or green?",
                "Is the background of the picture light, dark or green?",
            ),
            ("How would you describe the background?", "Is the background dark, green or light?"),
        ),
        subject="The background",
    ),
}
DESCRIBE = Wordings(
    (
        "Describe this picture.",
        "What does the person in the picture look like?",
        "What do you see in this picture?",
        "Describe this person in one sentence.",
    ),
    ("Describe the person in the picture.", "What can you see in this photo?"),
)
