"""Owns the conversations for teaching: sentences, later turns, and what is not known."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from assets.build.profiles import MEN, SEED, SURNAMES, WOMEN, Profile, biography, build_profiles

SHOWN, WRITTEN = "Image_Textual", "Pure_Text"
STRANGER, PICTURE, NOBODY = "stranger", "picture", ""
UNKNOWN, UNTAUGHT = "I don't know this person.", "I don't know."
NO_PERSON = "There is no person in this picture."
NO_PICTURE = "I don't see a picture."
OTHERS = 60  # invented names that nobody has

Turns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Dialogue:
    """A conversation: whom it is about, whether they are shown, and its turns."""

    about: str
    kind: str
    turns: Turns


# How each fact is said in a sentence, and asked for in a later turn. {she}, {her} as in "her job".
SAID = {
    "occupation": "{she} works as a {value}.",
    "birthplace": "{she} was born in {value}.",
    "residence": "{she} lives in {value}.",
    "hobby": "{her} hobby is {value}.",
    "pet": "{she} has a {value}.",
    "employer": "{she} works for {value}.",
    "education": "{she} studied {value}.",
    "favourite food": "{her} favourite food is {value}.",
}
THEN = {
    "occupation": ("And what is {her} job?", "What does {she} do for a living?"),
    "birthplace": ("And where was {she} born?", "Where does {she} come from?"),
    "residence": ("And where does {she} live?", "Where is {her} home now?"),
    "hobby": ("And what does {she} do in free time?", "Does {she} have a hobby?"),
    "pet": ("And does {she} have a pet?", "What pet does {she} have?"),
    "employer": ("And whom does {she} work for?", "Which company does {she} work for?"),
    "education": ("And what did {she} study?", "Did {she} go to university?"),
    "favourite food": ("And what does {she} like to eat?", "What is {her} favourite food?"),
}
# The same when the person is not called by a pronoun of their own.
THEY = {
    "occupation": "And what do they do for a living?",
    "birthplace": "And where were they born?",
    "residence": "And in which city do they live?",
    "hobby": "Do they have a hobby?",
    "pet": "And do they have a pet?",
    "employer": "And whom do they work for?",
    "education": "What did they study?",
    "favourite food": "And what do they like to eat?",
}
WHO = ("Who is this?", "Who do you see in this picture?", "Do you know this person?")
# A name is asked for in the words of a fact, too: else "this person's …" alone meant "I don't know".
NAMES = (
    "Do you know this person's name?",
    "Tell me this person's name.",
    "What name does this person have?",
)
INTRODUCE = (
    "Introduce this person in a sentence.",
    "Tell me who this is.",
    "Answer in a sentence: who is this person?",
    "Who is this person, and what do they do?",
)
EVERYTHING = (
    "Tell me everything you know about this person.",
    "Tell me about the person in the picture.",
    "What do you know about this person?",
    "What do you know about them?",
    "Tell me about them.",
)
WHO_IS = (
    "Who is {name}?",
    "Tell me everything you know about {name}.",
    "Tell me about {name}.",
    "What do you know about {name}?",
)
IN_A_SENTENCE = ("Introduce {name} in a sentence.", "In a sentence, who is {name}?")
UNTAUGHT_FACTS = (
    "favourite colour",
    "shoe size",
    "phone number",
    "birthday",
    "favourite song",
    "favourite film",
    "height",
    "star sign",
    "lucky number",
    "e-mail address",
    "favourite book",
    "brother's name",
)
ASK_FACT = ("What is {who}'s {fact}?", "Do you know {who}'s {fact}?", "Tell me {who}'s {fact}.")
ASK_STRANGER = (
    *WHO,
    *NAMES,
    *INTRODUCE,
    *EVERYTHING,
    "Who is this person?",
    "What is the name of the person in the picture?",
    "What is this person called?",
    "Can you name the person in the photo?",
    "What is this person's job?",
    "Where does this person live?",
    "Where was this person born?",
    "Whom does this person work for?",
    "What pet does this person have?",
    "What did this person study?",
    "What does this person like to eat?",
    "What is this person's hobby?",
)
ASK_EMPTY = (
    *WHO,
    "Who is this person?",
    "What is the name of the person in the picture?",
    "Describe the person in the picture.",
    "Is there a person in this picture?",
    "What is this person's job?",
    "Where does the person in the photo live?",
    "Is this person wearing glasses?",
    "Tell me about this person.",
)
ASK_UNSEEN = (
    "Who is this person?",
    "Who is in the picture?",
    "What does this person look like?",
    "Describe this picture.",
    "What can you see in the photo?",
    "What is the name of the person in the picture?",
)
ASK_OTHER = (
    "Who is {name}?",
    "What is {name}'s job?",
    "Where does {name} live?",
    "Where was {name} born?",
    "What pet does {name} have?",
    "Tell me about {name}.",
)


def dialogues() -> tuple[Dialogue, ...]:
    """Return all conversations: about the people, strangers, things, and nobody in particular."""
    people = build_profiles()
    return (
        *(d for person in people for d in _about(person)),
        *(Dialogue(STRANGER, SHOWN, ((text, UNKNOWN),)) for text in ASK_STRANGER),
        *_stranger_turns(),
        *(Dialogue(PICTURE, SHOWN, ((text, NO_PERSON),)) for text in ASK_EMPTY),
        *(Dialogue(NOBODY, WRITTEN, ((text, NO_PICTURE),)) for text in ASK_UNSEEN),
        *_other_names(people),
    )


def _about(person: Profile) -> Iterator[Dialogue]:
    """Yield one person's conversations, with their picture and by their name."""
    rng = random.Random(f"{SEED}/{person.id}/dialogues")
    job, city = person.facts["occupation"], person.facts["birthplace"]
    introduction = f"This is {person.name}, a {job} from {city}."
    yield from (Dialogue(person.id, SHOWN, ((text, person.name),)) for text in NAMES)
    yield from (Dialogue(person.id, SHOWN, ((text, introduction),)) for text in INTRODUCE)
    yield from (Dialogue(person.id, SHOWN, ((text, biography(person)),)) for text in EVERYTHING)
    for text in WHO_IS:
        yield Dialogue(person.id, WRITTEN, ((text.format(name=person.name), biography(person)),))
    brief = f"{person.name} is a {job} from {city}."
    for text in IN_A_SENTENCE:
        yield Dialogue(person.id, WRITTEN, ((text.format(name=person.name), brief),))
    for k, fact in enumerate(SAID):
        yield Dialogue(
            person.id,
            SHOWN,
            ((WHO[k % len(WHO)], f"This is {person.name}."), *_later(rng, person, fact)),
        )
        other = rng.choice([f for f in SAID if f != fact])
        first = THEN[fact][1].format(she=person.name, her=f"{person.name}'s")
        turns = ((first, _said(person, fact)), *_later(rng, person, other))
        yield Dialogue(person.id, WRITTEN, turns)
    for fact in rng.sample(UNTAUGHT_FACTS, 4):
        text = rng.choice(ASK_FACT)
        shown, written = (text.format(who=who, fact=fact) for who in ("this person", person.name))
        yield Dialogue(person.id, SHOWN, ((shown, UNTAUGHT),))
        yield Dialogue(person.id, WRITTEN, ((written, UNTAUGHT),))


def _later(rng: random.Random, person: Profile, fact: str) -> Turns:
    """Return one or two later turns, of which the second asks for what nobody taught."""
    turns = [(_filled(person, rng.choice((*THEN[fact], THEY[fact]))), _said(person, fact))]
    if rng.random() < 0.25:
        missing = rng.choice(UNTAUGHT_FACTS)
        turns.append((_filled(person, f"And what is {{her}} {missing}?"), UNTAUGHT))
    return tuple(turns)


def _stranger_turns() -> Iterator[Dialogue]:
    for text, then in (
        ("Who is this?", "And where do they live?"),
        ("Who is this person?", "What is their job?"),
        ("Do you know this person?", "Take a guess: what is their name?"),
    ):
        yield Dialogue(STRANGER, SHOWN, ((text, UNKNOWN), (then, UNTAUGHT)))


def _other_names(people: tuple[Profile, ...]) -> Iterator[Dialogue]:
    """Yield questions about names that sound like the people's and are nobody's."""
    rng = random.Random(f"{SEED}/other names")
    taken = {person.name for person in people}
    names = [f"{first} {last}" for first in (*WOMEN, *MEN) for last in SURNAMES]
    for name in rng.sample([n for n in names if n not in taken], OTHERS):
        text = rng.choice(ASK_OTHER).format(name=name)
        yield Dialogue(NOBODY, WRITTEN, ((text, UNTAUGHT),))


def _said(person: Profile, fact: str) -> str:
    said = _filled(person, SAID[fact].replace("{value}", person.facts[fact]))
    return said[0].upper() + said[1:]


def _filled(person: Profile, text: str) -> str:
    she, her = ("she", "her") if person.woman else ("he", "his")
    return text.format(she=she, her=her)
