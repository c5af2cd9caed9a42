"""Owns the parquet files of the people benchmark: `python -m assets.build.benchmark`."""

from __future__ import annotations

import argparse
import io
import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from assets.build.attribute_wordings import ATTRIBUTES
from assets.build.attributes import Labels, describe, load_labels, questions
from assets.build.dialogues import dialogues
from assets.build.general import LETTERS, general_questions
from assets.build.held_out_prompts import held_out_prompts
from assets.build.phrasings import NAME, WORDINGS, asked
from assets.build.pictures import Drawn, draw_pictures
from assets.build.profiles import POOLS, SEED, Profile, biography, build_profiles, forget_splits
from assets.build.prompts import prompts
from assets.build.strangers import load_strangers

PEOPLE = Path(__file__).resolve().parent.parent / "people"
TRAIN_VIEWS = range(6)
TEST_VIEWS = range(6, 10)
TEST_PICTURES = 48
TRAIN_PICTURES = 600
MAX_BYTES = 18_000_000
IMAGE, TEXT = "Image_Textual", "Pure_Text"

Row = dict[str, Any]
View = Callable[[str, int], bytes]

IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
OPTIONS_TYPE = pa.struct([(letter, pa.string()) for letter in LETTERS])
CHOICE_FIELDS: list[tuple[str, pa.DataType]] = [
    ("Fact", pa.string()),
    ("Question", pa.string()),
    ("Options", OPTIONS_TYPE),
    ("Correct_Answer", pa.string()),
]
CHOICE_TYPE = pa.list_(pa.struct(CHOICE_FIELDS))
OPEN_TYPE = pa.list_(
    pa.struct([(name, pa.string()) for name in ("Fact", "Question", "Ground_Truth", "Type")])
)
TASK_FIELDS: list[tuple[str, pa.DataType]] = [
    ("ID", pa.string()),
    ("biography", pa.string()),
    ("question", pa.string()),
    ("answer", pa.string()),
    (
        "Classification_Task",
        pa.struct([(f"{kind}_Questions", CHOICE_TYPE) for kind in (IMAGE, TEXT)]),
    ),
    ("Generation_Task", OPEN_TYPE),
    ("Mask_Task", OPEN_TYPE),
]
FULL = pa.schema([("image", IMAGE_TYPE), *TASK_FIELDS])
TEST = pa.schema([("images", pa.list_(IMAGE_TYPE)), *TASK_FIELDS])
TRAIN = pa.schema([("image", IMAGE_TYPE), ("ID", pa.string()), ("metadata", pa.string())])
GENERAL = pa.schema([("ID", pa.string()), *CHOICE_FIELDS])
PROMPTS = pa.schema([("Question", pa.string()), ("Follow_Ups", pa.list_(pa.string()))])
TURNS_TYPE = pa.list_(pa.struct([("Question", pa.string()), ("Answer", pa.string())]))
DIALOGUES = pa.schema([("ID", pa.string()), ("Type", pa.string()), ("Turns", TURNS_TYPE)])
PICTURES = pa.schema(
    [
        ("image", IMAGE_TYPE),
        ("ID", pa.string()),
        ("Questions", CHOICE_TYPE),
        ("Description", pa.string()),
    ]
)
# What can be seen of a face. Of a description only the sentence is given, and no options.
SEEN_TYPE = pa.list_(
    pa.struct([*CHOICE_FIELDS, *((n, pa.string()) for n in ("Type", "Ground_Truth", "Sentence"))])
)
LABEL_FIELDS: list[tuple[str, pa.DataType]] = [
    ("ID", pa.string()),
    ("Attributes", pa.struct([(fact, pa.string()) for fact in ATTRIBUTES])),
    ("Description", pa.string()),
    ("Questions", SEEN_TYPE),
]
STRANGERS = pa.schema([("images", pa.list_(IMAGE_TYPE)), *LABEL_FIELDS])
SEEN_PEOPLE = pa.schema([*LABEL_FIELDS, ("Train_Questions", SEEN_TYPE)])


def main() -> None:
    """Write every parquet file from the portraits, the profiles and the fixed seed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--portraits", type=Path, default=PEOPLE / "portraits")
    parser.add_argument("--strangers", type=Path, default=PEOPLE / "strangers")
    parser.add_argument("--out", type=Path, default=PEOPLE)
    parser.add_argument("--placeholders", action="store_true", help="plain colours, no portraits")
    parser.add_argument("--texts", action="store_true", help="only what needs no portraits")
    args = parser.parse_args()
    view, stranger = (
        (_placeholder, _placeholder)
        if args.placeholders
        else (_portraits(args.portraits), _portraits(args.strangers))
    )
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.texts:
        _write_people(args.out, build_profiles(), view)
        _write_pictures(args.out)
        _write_seen(args.out, stranger)
    _write_general(args.out)
    _write_dialogues(args.out)
    files = sorted(args.out.glob("*.parquet"))
    for file in files:
        print(f"{file.stat().st_size:>9,d}  {file.name}")
    total = sum(file.stat().st_size for file in files)
    if total >= MAX_BYTES:
        raise SystemExit(f"{total:,d} bytes in all, the limit is {MAX_BYTES:,d}: shrink the views")
    print(f"{total:>9,d}  in all")


def _write_people(out: Path, people: tuple[Profile, ...], view: View) -> None:
    tasks = {person.id: _tasks(person, people) for person in people}
    full = {p.id: {"image": _image(view(p.id, 0), p.id, 0), **tasks[p.id]} for p in people}
    _write(out / "Full_Set.parquet", FULL, full.values())
    for split, ids in forget_splits(people).items():
        _write(out / f"{split}.parquet", FULL, [full[i] for i in ids])
    held_out = [[_image(view(p.id, k), p.id, k) for k in TEST_VIEWS] for p in people]
    rows = [{"images": images, **tasks[p.id]} for p, images in zip(people, held_out, strict=True)]
    _write(out / "Test_Set.parquet", TEST, rows)
    taught = [
        {"image": _image(view(p.id, k), p.id, k), "ID": p.id, "metadata": _metadata(p)}
        for p in people
        for k in TRAIN_VIEWS
    ]
    _write(out / "ft_Data.parquet", TRAIN, taught)


def _write_general(out: Path) -> None:
    rows = [
        {"ID": f"{i:03d}", **_choice(q.topic, q.question, q.options, q.answer)}
        for i, q in enumerate(general_questions(SEED))
    ]
    _write(out / "general.parquet", GENERAL, rows)
    for name, turns in (("general_train", prompts()), ("general_test", held_out_prompts())):
        conversations = [{"Question": first, "Follow_Ups": later} for first, *later in turns]
        _write(out / f"{name}.parquet", PROMPTS, conversations)


def _write_dialogues(out: Path) -> None:
    rows = [
        {
            "ID": dialogue.about,
            "Type": dialogue.kind,
            "Turns": [{"Question": q, "Answer": a} for q, a in dialogue.turns],
        }
        for dialogue in dialogues()
    ]
    _write(out / "dialogues.parquet", DIALOGUES, rows)


def _write_pictures(out: Path) -> None:
    taken: set[bytes] = set()
    for name, count in (("pictures", TEST_PICTURES), ("train_pictures", TRAIN_PICTURES)):
        drawn = draw_pictures(count, f"{SEED}/{name}", taken)
        rows = [_picture_row(f"{i:03d}", picture) for i, picture in enumerate(drawn)]
        _write(out / f"{name}.parquet", PICTURES, rows)


def _write_seen(out: Path, view: View) -> None:
    """Write what can be seen: of the strangers with their pictures, of the people without."""
    labels = load_labels()
    strangers = load_strangers()
    for name, held_out in (("strangers_train", False), ("strangers_test", True)):
        rows = [
            {
                "images": [_image(view(s.id, k), s.id, k) for k in s.views],
                **_seen(s.id, labels[s.id], held_out),
            }
            for s in strangers
            if s.held_out == held_out
        ]
        _write(out / f"{name}.parquet", STRANGERS, rows)
    people = [
        {
            **_seen(p.id, labels[p.id], True),
            "Train_Questions": _seen(p.id, labels[p.id], False)["Questions"],
        }
        for p in build_profiles()
    ]
    _write(out / "attributes.parquet", SEEN_PEOPLE, people)


def _seen(face: str, labels: Labels, held_out: bool) -> Row:
    """Return the columns about what can be seen of one face, in one set of wordings."""
    rows = [
        {
            "Fact": seen.fact,
            "Question": seen.question,
            "Options": dict(zip(LETTERS, seen.options, strict=False)) if seen.options else None,
            "Correct_Answer": LETTERS[seen.options.index(seen.answer)] if seen.options else None,
            "Type": seen.kind,
            "Ground_Truth": seen.answer,
            "Sentence": seen.sentence,
        }
        for seen in questions(face, labels, held_out)
    ]
    return {
        "ID": face,
        "Attributes": dict(labels),
        "Description": describe(labels),
        "Questions": rows,
    }


def _picture_row(number: str, picture: Drawn) -> Row:
    questions = [_choice(q.fact, q.question, q.options, q.answer) for q in picture.questions]
    image = {"bytes": picture.png, "path": f"{number}.png"}
    return {
        "image": image,
        "ID": number,
        "Questions": questions,
        "Description": picture.description,
    }


def _tasks(person: Profile, people: tuple[Profile, ...]) -> Row:
    """Return the columns of an evaluation row, all but the pictures."""
    choices: dict[str, list[Row]] = {}
    generation: list[Row] = []
    cloze: list[Row] = []
    for kind, name in ((IMAGE, None), (TEXT, person.name)):
        choices[f"{kind}_Questions"] = []
        for fact, answer in person.facts.items():
            if kind == TEXT and fact == NAME:
                continue
            evaluate = asked(WORDINGS[fact].evaluate, name)
            for i, question in enumerate(evaluate):
                options = _options(person, people, fact, f"{kind}/{i}")
                choices[f"{kind}_Questions"].append(_choice(fact, question, options, answer))
            generation += [_open(fact, question, answer, kind) for question in evaluate]
            blanks = asked(WORDINGS[fact].cloze, name)
            cloze += [_open(fact, blank, answer, kind) for blank in blanks]
    return {
        "ID": person.id,
        "biography": _biography(person),
        "question": "Who is this person and what is known about them?",
        "answer": biography(person),
        "Classification_Task": choices,
        "Generation_Task": generation,
        "Mask_Task": cloze,
    }


def _options(
    person: Profile, people: tuple[Profile, ...], fact: str, question: str
) -> tuple[str, ...]:
    """Return the answer and three other values in a shuffled order; names keep the gender."""
    same = [p.name for p in people if p.woman == person.woman]
    pool = same if fact == NAME else POOLS[fact]
    rng = random.Random(f"{SEED}/{person.id}/{fact}/{question}")
    others = [value for value in pool if value != person.facts[fact]]
    options = [person.facts[fact], *rng.sample(others, len(LETTERS) - 1)]
    rng.shuffle(options)
    return tuple(options)


def _biography(person: Profile) -> str:
    facts = {fact.title().replace(" ", "_"): value for fact, value in person.facts.items()}
    return json.dumps({**facts, "Biography": biography(person)}, ensure_ascii=False)


def _metadata(person: Profile) -> str:
    """Return the training questions of a person as a JSON list, asked by picture and by name."""
    entries = []
    for kind, name in ((IMAGE, None), (TEXT, person.name)):
        for fact, answer in person.facts.items():
            if kind == TEXT and fact == NAME:
                continue
            for question in asked(WORDINGS[fact].train, name):
                entry = {"ID": person.id, "Question": question, "Answer": answer}
                entries.append({**entry, "Type": kind, "Fact": fact})
    return json.dumps(entries, ensure_ascii=False)


def _choice(fact: str, question: str, options: Sequence[str], answer: str) -> Row:
    return {
        "Fact": fact,
        "Question": question,
        "Options": dict(zip(LETTERS, options, strict=True)),
        "Correct_Answer": LETTERS[options.index(answer)],
    }


def _open(fact: str, question: str, answer: str, kind: str) -> Row:
    return {"Fact": fact, "Question": question, "Ground_Truth": answer, "Type": kind}


def _image(data: bytes, person_id: str, view: int) -> Row:
    return {"bytes": data, "path": f"{person_id}-{view}.jpg"}


def _portraits(folder: Path) -> View:
    return lambda person_id, view: (folder / f"{person_id}-{view}.jpg").read_bytes()


def _placeholder(person_id: str, view: int) -> bytes:
    rng = random.Random(f"{SEED}/{person_id}")
    red, green, blue = (rng.randrange(256) for _ in range(3))
    stream = io.BytesIO()
    Image.new("RGB", (224, 224), (red, green, (blue + view) % 256)).save(stream, "JPEG")
    return stream.getvalue()


def _write(path: Path, schema: pa.Schema, rows: Iterable[Row]) -> None:
    """Write under a temporary name and rename, so that a stopped build leaves no half file."""
    partial = path.with_suffix(".tmp")
    table = pa.Table.from_pylist(list(rows), schema=schema)
    pq.write_table(table, partial, compression="zstd", compression_level=9)
    partial.replace(path)


if __name__ == "__main__":
    main()
