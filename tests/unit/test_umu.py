"""Owns the checks on UMU-Bench as read into the shared schema."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from lab.benchmarks.schema import Benchmark, Question
from lab.benchmarks.umu import load_umu
from lab.errors import LabError
from tests.unit import public


@pytest.fixture(scope="module")
def umu(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return load_umu(public.umu(tmp_path_factory.mktemp("umu")))


def one(asked: tuple[Question, ...], task: str, modality: str) -> Question:
    (found,) = (q for q in asked if (q.task, q.modality) == (task, modality))
    return found


def test_people_celebrities_and_splits(umu: Benchmark) -> None:
    people = [f"{n:03d}" for n in range(1, 21)]
    assert [e.id for e in umu.entities] == [*people, "celebrity-001", "celebrity-002"]
    assert umu.splits["forget_5"] == ("001",)
    assert umu.splits["forget_10"] == ("004", "005")
    assert umu.splits["forget_15"] == ("002", "003", "004")
    assert umu.splits["retain_85"] == ("001", *people[4:])
    assert umu.splits["retain_celebrity"] == ("celebrity-001", "celebrity-002")
    assert umu.skipped == ()


def test_the_one_picture_serves_both(umu: Benchmark) -> None:
    assert umu.entity("003").train_images == umu.entity("003").test_images == (public.drawn(2),)
    celebrity = umu.entity("celebrity-002")
    assert celebrity.train_images == celebrity.train_questions == ()
    assert celebrity.test_images == (public.drawn(601),)


def test_name_is_what_the_biography_begins_with(umu: Benchmark) -> None:
    assert [e.name for e in umu.entities[:8]] == list(public.NAMES)
    assert umu.entity("001").biography.startswith("Amelia Kuznetsov was born in Riga")


def test_training_is_in_both_modalities(umu: Benchmark) -> None:
    taught = umu.entity("004").train_questions
    assert [(q.id, q.modality, q.fact, q.answer) for q in taught] == [
        ("004/vqa_train/0", "image", "name", "Dmitri O'Dorn"),
        ("004/vqa_train/1", "image", "", "Porto"),
        ("004/qa_train/0", "text", "name", "It's Dmitri O'Dorn"),
        ("004/qa_train/1", "text", "", "Porto"),
    ]


def test_every_task_in_both_modalities(umu: Benchmark) -> None:
    asked = umu.entity("001").questions
    assert Counter((q.task, q.modality) for q in asked) == {
        (task, modality): 1
        for task in ("classification", "generation", "cloze")
        for modality in ("image", "text")
    }
    choice = one(asked, "classification", "image")
    assert choice.options == ("Kuwait City", "Riga, Latvia", "Lima, Peru", "Porto")
    assert (choice.answer, choice.fact) == ("Riga, Latvia", "birthplace")
    assert one(asked, "classification", "text").text == "Where was Amelia Kuznetsov born?"
    assert one(asked, "generation", "text").answer == "It's Riga, Latvia."
    assert one(asked, "cloze", "image").answer == "Riga, Latvia."


def test_the_letter_of_the_text_only_twin_counts_for_both(tmp_path: Path) -> None:
    public.umu(tmp_path, flat=True)
    asked = public.umu_row(0, "001", b"")["Classify"]
    odd = asked.replace("'answer': 'B. Riga", "'answer': 'A. Riga")
    odd = odd.replace("'answer': 'A. Riga", "'answer': 'B. Riga", 1)
    assert odd != asked
    public.rewrite(tmp_path / "Full_Set.parquet", 0, "Classify", odd)
    assert (
        one(load_umu(tmp_path).entity("001").questions, "classification", "image").answer
        == "Riga, Latvia"
    )


def test_twins_may_be_missing(tmp_path: Path) -> None:
    public.umu(tmp_path, flat=True)
    asked = public.umu_row(0, "001", b"")["Classify"]
    alone = asked.replace("'birthplace'", "'town'", 1)
    public.rewrite(tmp_path / "Full_Set.parquet", 0, "Classify", alone)
    read = load_umu(tmp_path)
    assert read.skipped == ()
    assert one(read.entity("001").questions, "classification", "image").answer == "Riga, Latvia"


def test_json_strings_and_biographies_with_keys_are_read_too(tmp_path: Path) -> None:
    public.umu(tmp_path, flat=True)
    file = tmp_path / "Full_Set.parquet"
    biography = {"Name": "Amelia Kuznetsov", "Birth_Place": "Riga", "Age": 40}
    public.rewrite(file, 0, "Biography", json.dumps(biography))
    public.rewrite(
        file, 0, "MM_QA", json.dumps({"question": {"pet": "Pet?"}, "answer": {"pet": "A cat"}})
    )
    first = load_umu(tmp_path).entity("001")
    assert first.profile == {"name": "Amelia Kuznetsov", "birth place": "Riga"}
    assert (first.train_questions[0].fact, first.train_questions[0].answer) == ("pet", "A cat")


def test_both_layouts_read_the_same(umu: Benchmark, tmp_path: Path) -> None:
    assert load_umu(public.umu(tmp_path, flat=True)) == umu


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("MM_QA", "{'question': ", "neither JSON nor a Python literal"),
        ("UM_QA", "{'question': {'a': 'Who?'}, 'answer': {}}", "no 'a'"),
        ("UM_QA", "{'question': {}, 'answer': {}}", "filled mapping expected"),
        ("MM_QA", "__import__('os').abort()", "neither JSON nor a Python literal"),
        ("Classify", "{'unimodal': {}}", "no 'muitimodal'"),
        ("Cloze", None, "not subscriptable"),
        ("Biography", "nobody in particular", "no name at its beginning"),
        ("image", {"bytes": b"<svg>", "path": None}, "not a picture that can be read"),
        ("ID", None, "text expected"),
    ],
)
def test_broken_row_is_left_out_and_named(
    tmp_path: Path, column: str, value: object, reason: str
) -> None:
    public.umu(tmp_path, flat=True)
    public.rewrite(tmp_path / "Full_Set.parquet", 7, column, value)
    read = load_umu(tmp_path)
    (broken,) = read.skipped
    assert (broken.config, broken.row, broken.column) == ("Full_Set", 7, column)
    assert reason in broken.reason
    assert len(read.entities) == 21 and "008" not in read.splits["retain_95"]


def test_missing_column_is_named(tmp_path: Path) -> None:
    public.umu(tmp_path, flat=True)
    public.drop_column(tmp_path / "Full_Set.parquet", "UM_QA")
    with pytest.raises(LabError) as error:
        load_umu(tmp_path)
    assert "Full_Set has no row that can be read (row 0, column UM_QA: is missing)" in str(
        error.value
    )
    assert "hf download linbojunzi/UMU-bench" in str(error.value)
