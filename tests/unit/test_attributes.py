"""What can be seen of a face: the labels, the questions made of them, and the files they fill."""

from __future__ import annotations

import io
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from assets.build.attribute_wordings import ATTRIBUTES, DESCRIBE, Wordings
from assets.build.attributes import describe, load_labels, questions
from assets.build.strangers import load_strangers

BUILD = Path(__file__).resolve().parents[2] / "assets" / "build"
PEOPLE = BUILD.parent / "people"
NOTHING_SURE = dict.fromkeys(ATTRIBUTES, "unsure")


def rows(name: str) -> list[dict[str, Any]]:
    return pq.read_table(PEOPLE / f"{name}.parquet").to_pylist()


def asked(labels: dict[str, str], fact: str, kind: str) -> list[tuple[str, str, str]]:
    return [
        (seen.question, seen.answer, seen.sentence)
        for seen in questions("s1", {**NOTHING_SURE, **labels}, held_out=True)
        if (seen.fact, seen.kind) == (fact, kind)
    ]


def test_a_description_says_all_that_is_sure_and_nothing_else() -> None:
    labels = {
        "glasses": "yes",
        "hair colour": "brown",
        "hair length": "short",
        "facial hair": "beard",
        "head covering": "hat",
        "smile": "yes",
        "teeth": "yes",
        "age": "older",
        "gender": "man",
        "background": "green",
    }
    assert describe(labels) == (
        "An older man with short brown hair, a beard and glasses, wearing a hat, smiling, "
        "in front of a green background."
    )
    assert describe(NOTHING_SURE) == "A person."
    young = {**NOTHING_SURE, "age": "young adult", "hair length": "long"}
    assert describe(young) == "A young adult with long hair."
    bald = {**NOTHING_SURE, "age": "middle-aged", "gender": "woman", "hair length": "bald"}
    assert describe(bald) == "A bald middle-aged woman."


def test_the_answer_to_every_question_is_the_label() -> None:
    assert asked({"glasses": "no"}, "glasses", "yes_no") == [
        (
            "Can you see glasses on this person's face?",
            "no",
            "No, this person is not wearing glasses.",
        ),
        (
            "Has the person in the picture got glasses on?",
            "no",
            "No, this person is not wearing glasses.",
        ),
    ]
    assert asked({"head covering": "scarf"}, "head covering", "which")[0] == (
        "What can you see on this person's head?",
        "scarf",
        "This person is wearing a scarf on the head.",
    )
    assert asked({"background": "dark"}, "background", "which")[1] == (
        "Is the background dark, green or light?",
        "dark",
        "The background is dark.",
    )


def test_a_named_value_is_right_in_one_of_two_questions() -> None:
    pair = asked({"gender": "man"}, "gender", "yes_no")
    assert sorted(answer for _, answer, _ in pair) == ["no", "yes"]
    for question, answer, sentence in pair:
        assert ("a man" in question) == (answer == "yes")
        assert sentence == ("Yes, this person is a man." if answer == "yes" else sentence)
    assert [s for _, a, s in pair if a == "no"] == ["No, this person is not a woman."]


def test_what_is_unsure_hidden_or_bald_is_never_asked() -> None:
    assert {seen.fact for seen in questions("s1", NOTHING_SURE, held_out=False)} == {"description"}
    for value in ("hidden", "bald"):
        assert not asked({"hair colour": value}, "hair colour", "which")
    assert not asked({"head covering": "covered"}, "head covering", "which")
    assert asked({"head covering": "covered"}, "head covering", "yes_no")[0][1] == "yes"


def test_no_held_out_wording_is_taught() -> None:
    every: list[Wordings] = [DESCRIBE]
    for attribute in ATTRIBUTES.values():
        every += [attribute.check, *([attribute.which] if attribute.which else [])]
    for wordings in every:
        assert not set(wordings.train) & set(wordings.evaluate)
        assert len(set(wordings.train)) == 4 and len(set(wordings.evaluate)) == 2
        # A possessive takes the short subject: it stands at an even place.
        for text in (*wordings.train[1::2], *wordings.evaluate[1::2]):
            assert "{who}'s" not in text


def test_every_face_has_labels_and_no_seed_is_used_twice() -> None:
    labels, strangers = load_labels(), load_strangers()
    people = json.loads((BUILD / "portraits.json").read_text(encoding="utf-8"))
    assert list(labels) == [p["id"] for p in people] + [s.id for s in strangers]
    assert not {p["seed"] for p in people} & {s.seed for s in strangers}
    assert sum(s.held_out for s in strangers) >= 60 and len(strangers) >= 300
    for person in people:
        assert labels[person["id"]]["gender"] == person["presentation"]


def test_a_label_that_is_none_ends_the_build(tmp_path: Path) -> None:
    table = tmp_path / "attributes.json"
    table.write_text(json.dumps([{"id": "s1", **NOTHING_SURE, "age": "old"}]), encoding="utf-8")
    with pytest.raises(SystemExit, match="s1, age: old is none of"):
        load_labels(table)


@pytest.mark.parametrize(
    ("name", "held_out"), [("strangers_train", False), ("strangers_test", True)]
)
def test_the_strangers_of_a_file_are_those_of_the_table(name: str, held_out: bool) -> None:
    chosen = {s.id: s for s in load_strangers() if s.held_out == held_out}
    found = rows(name)
    assert [row["ID"] for row in found] == list(chosen)
    for row in found:
        views = [int(image["path"].split("-")[1][0]) for image in row["images"]]
        assert tuple(views) == chosen[row["ID"]].views and len(views) == 3
        assert all((view > 5) == held_out for view in views)
        for image in row["images"]:
            assert Image.open(io.BytesIO(image["bytes"])).size == (112, 112)


@pytest.mark.parametrize(
    ("name", "column", "held_out"),
    [
        ("strangers_train", "Questions", False),
        ("strangers_test", "Questions", True),
        ("attributes", "Questions", True),
        ("attributes", "Train_Questions", False),
    ],
)
def test_the_questions_of_a_file_are_those_of_the_labels(
    name: str, column: str, held_out: bool
) -> None:
    labels = load_labels()
    for row in rows(name):
        seen = questions(row["ID"], labels[row["ID"]], held_out)
        assert [q["Question"] for q in row[column]] == [s.question for s in seen]
        for question in row[column]:
            right = question["Correct_Answer"]
            if question["Type"] == "description":
                assert right is None and question["Ground_Truth"] == row["Description"]
            else:
                assert question["Options"][right] == question["Ground_Truth"]
                assert row["Attributes"][question["Fact"]] != "unsure"


def test_the_forty_people_can_be_asked_what_is_seen() -> None:
    found = rows("attributes")
    assert [row["ID"] for row in found] == [f"{number:03d}" for number in range(1, 41)]
    facts = set(chain.from_iterable((q["Fact"] for q in row["Questions"]) for row in found))
    assert facts == {*ATTRIBUTES, "description"}
