"""Owns the checks on the embedded benchmark: its facts, wordings, splits, files and errors."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lab.benchmarks.images import decode
from lab.benchmarks.people import FACTS, FOLDER, load_people
from lab.benchmarks.rows import listed
from lab.benchmarks.schema import Benchmark, Entity, Question
from lab.errors import LabError

TASK_COLUMNS = [
    "ID",
    "biography",
    "question",
    "answer",
    "Classification_Task",
    "Generation_Task",
    "Mask_Task",
]


@pytest.fixture(scope="module")
def people() -> Benchmark:
    return load_people()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for file in FOLDER.glob("*.parquet"):
        shutil.copy(file, tmp_path)
    return tmp_path


def rewrite(path: Path, row: int, column: str, value: object) -> None:
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[row][column] = value
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


def plain(text: str) -> str:
    return " ".join("".join(c for c in text.lower() if c.isalnum() or c == " ").split())


def all_questions(people: Benchmark) -> list[Question]:
    entities = [q for e in people.entities for q in (*e.train_questions, *e.questions)]
    pictures = [q for p in (*people.pictures, *people.train_pictures) for q in p.questions]
    return [*entities, *pictures, *people.general]


def test_forty_people_with_nine_facts(people: Benchmark) -> None:
    assert [e.id for e in people.entities] == [f"{i:03d}" for i in range(1, 41)]
    for entity in people.entities:
        assert tuple(entity.profile) == FACTS
        assert entity.name == entity.profile["name"]
        assert all(value in entity.biography for value in entity.profile.values())


def test_every_first_name_and_surname_is_unique(people: Benchmark) -> None:
    for part in zip(*(e.name.split(" ") for e in people.entities), strict=True):
        assert len(set(part)) == 40


def test_facts_are_mixed(people: Benchmark) -> None:
    def shared(a: Entity, b: Entity) -> int:
        return sum(a.profile[fact] == b.profile[fact] for fact in FACTS)

    # One shared fact at most: whoever shares a value differs in everything else, so that no fact
    # gives another away.
    assert max(shared(a, b) for a, b in combinations(people.entities, 2)) == 1
    for fact in FACTS[1:]:
        holders = Counter(e.profile[fact] for e in people.entities)
        assert set(holders.values()) == {3, 4}
        women = {e.profile[fact] for e in people.entities[0::2]}
        assert women == {e.profile[fact] for e in people.entities[1::2]} == set(holders)


def test_a_value_belongs_to_one_fact(people: Benchmark) -> None:
    values = {(fact, e.profile[fact].lower()) for e in people.entities for fact in FACTS}
    assert len({value for _, value in values}) == len(values)


def test_views_are_different_pictures(people: Benchmark) -> None:
    views = [v for e in people.entities for v in (*e.train_images, *e.test_images)]
    assert len(views) == len(set(views)) == 400
    assert {(len(e.train_images), len(e.test_images)) for e in people.entities} == {(6, 4)}
    assert {decode(view).size for view in views} == {(224, 224)}


def test_evaluation_wordings_are_held_out(people: Benchmark) -> None:
    for entity in people.entities:
        taught = {plain(q.text) for q in entity.train_questions}
        assert not taught & {plain(q.text) for q in entity.questions}
        assert not any(q.held_out for q in entity.train_questions)
        assert all(q.held_out for q in entity.questions)


def test_wordings_per_fact(people: Benchmark) -> None:
    for entity in people.entities:
        taught = Counter((q.task, q.modality, q.fact) for q in entity.train_questions)
        assert set(taught.values()) == {4} and len(taught) == 17
        asked = Counter((q.task, q.modality, q.fact) for q in entity.questions)
        assert set(asked.values()) == {2} and len(asked) == 3 * 17
        assert Counter(modality for _, modality, _ in taught) == {"image": 9, "text": 8}


def test_answers_are_the_facts(people: Benchmark) -> None:
    for entity in people.entities:
        for question in (*entity.train_questions, *entity.questions):
            assert question.answer == entity.profile[question.fact]
            assert (entity.name in question.text) == (question.modality == "text")
            assert (question.task == "cloze") == ("__" in question.text)


def test_options_hold_the_answer_once(people: Benchmark) -> None:
    for question in all_questions(people):
        if question.task == "classification":
            assert len(set(question.options)) == 4
            assert question.answer in question.options
        else:
            assert question.options == ()


def test_name_options_have_one_gender(people: Benchmark) -> None:
    even = {e.name: int(e.id) % 2 == 0 for e in people.entities}
    for entity in people.entities:
        for question in entity.questions:
            if question.fact == "name" and question.options:
                assert {even[name] for name in question.options} == {even[entity.name]}


def test_no_option_letter_is_favoured(people: Benchmark) -> None:
    closed = [q for q in all_questions(people) if q.options]
    places = Counter(q.options.index(q.answer) for q in closed)
    assert all(0.22 < count / len(closed) < 0.28 for count in places.values())
    general = Counter(q.options.index(q.answer) for q in people.general)
    assert max(general.values()) - min(general.values()) <= 1


def test_question_ids_are_unique(people: Benchmark) -> None:
    ids = [q.id for q in all_questions(people)]
    assert len(ids) == len(set(ids))
    assert "001/vqa/birthplace/0" in ids


def test_splits_are_disjoint_and_cover(people: Benchmark) -> None:
    everyone = {e.id for e in people.entities}
    for percent, count in ((5, 2), (10, 4), (15, 6)):
        forget = set(people.splits[f"forget_{percent}"])
        retain = set(people.splits[f"retain_{100 - percent}"])
        assert len(forget) == count
        assert not forget & retain and forget | retain == everyone
    assert set(people.splits["forget_5"]) < set(people.splits["forget_10"])
    assert set(people.splits["forget_10"]) < set(people.splits["forget_15"])


def test_general_questions_and_prompts(people: Benchmark) -> None:
    prompts = [turns[0] for turns in people.prompts]
    asked = {plain(q.text) for q in people.general}
    assert len(asked) == len(people.general) >= 60
    assert len(set(people.prompts)) >= 600 and sum(len(p) > 1 for p in people.prompts) >= 100
    assert not asked & {plain(prompt) for prompt in prompts}


def test_the_prompts_for_judging_are_never_taught(people: Benchmark) -> None:
    judged = {plain(turn) for turns in people.test_prompts for turn in turns}
    taught = {plain(turn) for turns in people.prompts for turn in turns}
    assert len(people.test_prompts) == 60 and sum(len(p) > 1 for p in people.test_prompts) == 10
    assert not judged & (taught | {plain(q.text) for q in people.general})
    facts = {value for e in people.entities for value in e.profile.values()}
    assert not facts & {option for q in people.general for option in q.options}


def test_dialogues_teach_sentences_turns_and_what_is_not_known(people: Benchmark) -> None:
    asked = {plain(q.text) for e in people.entities for q in e.questions if q.task != "cloze"}
    about = Counter(d.about for d in people.dialogues)
    assert about.keys() == {"", "stranger", "picture", *(e.id for e in people.entities)}
    for dialogue in people.dialogues:
        assert not {plain(question) for question, _ in dialogue.turns} & asked
    first = {d.turns[0] for d in people.dialogues if d.about == "003" and d.modality == "image"}
    assert ("Tell me who this is.", "This is Fatima Osman, a pilot from Dublin.") in first
    assert any(len(d.turns) == 3 for d in people.dialogues)
    strangers = {d.turns[0][1] for d in people.dialogues if d.about == "stranger"}
    assert strangers == {"I don't know this person."}
    facts = {v for e in people.entities for v in e.profile.values()}
    invented = [d for d in people.dialogues if d.about == "" and d.turns[0][1] == "I don't know."]
    assert len(invented) == 60
    assert not any(f in d.turns[0][0] for d in invented for f in facts)


def test_pictures(people: Benchmark) -> None:
    assert len(people.pictures) == 48 and len(people.train_pictures) == 600
    everything = [p.image for p in (*people.pictures, *people.train_pictures)]
    assert len(set(everything)) == 648
    questions = [q for p in people.pictures for q in p.questions]
    assert len(questions) >= 60
    assert Counter(q.fact for q in questions).keys() == {"colour", "shape", "count", "position"}
    assert {decode(image).size for image in everything} == {(112, 112)}
    two = next(p for p in people.train_pictures if "two" in {q.answer for q in p.questions})
    said = [q.answer for q in two.questions if q.fact == "description"]
    shown = {q.fact: q.answer for q in two.questions}
    assert len(said) == 3 and set(said) == {shown["description"]}
    assert shown["description"].startswith("Two ") and shown["description"].endswith("s.")
    assert {"colour", "shape"} & shown.keys()
    assert all(shown[f] in shown["description"] for f in ("colour", "shape") if f in shown)


def test_files_have_the_mllmu_columns() -> None:
    schema = {f.stem: pq.read_schema(f) for f in FOLDER.glob("*.parquet")}
    for name in ("Full_Set", "forget_5", "forget_10", "forget_15", "retain_95", "retain_85"):
        assert schema[name].names == ["image", *TASK_COLUMNS]
    assert schema["Test_Set"].names == ["images", *TASK_COLUMNS]
    assert schema["ft_Data"].names == ["image", "ID", "metadata"]
    row = pq.read_table(FOLDER / "Full_Set.parquet").slice(0, 1).to_pylist()[0]
    assert set(row["Classification_Task"]) == {"Image_Textual_Questions", "Pure_Text_Questions"}
    choice = row["Classification_Task"]["Pure_Text_Questions"][0]
    assert choice.keys() >= {"Question", "Options", "Correct_Answer"}
    assert "".join(choice["Options"]) == "ABCD"
    for column in ("Generation_Task", "Mask_Task"):
        assert row[column][0].keys() >= {"Question", "Ground_Truth", "Type"}
    assert json.loads(row["biography"])["Name"] == "Amelia Singh"


def test_files_stay_small() -> None:
    seen = {"attributes", "strangers_train", "strangers_test"}
    sizes = {f.stem: f.stat().st_size for f in FOLDER.glob("*.parquet")}
    assert sum(sizes[name] for name in seen) < 8_000_000
    assert sum(size for name, size in sizes.items() if name not in seen) < 10_000_000


def test_unknown_entity_names_valid_ids(people: Benchmark) -> None:
    with pytest.raises(LabError, match="001"):
        people.entity("999")


SEEN = pa.list_(
    pa.struct(
        [
            *((n, pa.string()) for n in ("Fact", "Question", "Correct_Answer", "Ground_Truth")),
            ("Options", pa.struct([(letter, pa.string()) for letter in "ABCD"])),
        ]
    )
)
IMAGES = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))


def visible(question: str, answer: str, options: dict[str, str] | None = None) -> dict:
    right = next((k for k, v in (options or {}).items() if v == answer), None)
    return {
        "Fact": "hair",
        "Question": question,
        "Options": options,
        "Correct_Answer": right,
        "Ground_Truth": answer,
    }


def test_faces_and_what_can_be_seen_are_read_where_their_files_are(copy: Path) -> None:
    for name in ("strangers_train", "strangers_test", "attributes", "dialogues"):
        (copy / f"{name}.parquet").unlink(missing_ok=True)
    bare = load_people(copy)
    assert bare.strangers == bare.train_strangers == bare.dialogues == () and not bare.attributes
    which = visible("Short or long?", "long", {"A": "short", "B": "long"})
    open_ = visible("Describe this.", "A man with long hair.")
    views = [
        {"bytes": view, "path": f"{k}.jpg"} for k, view in enumerate(bare.entities[0].test_images)
    ]
    schema = pa.schema([("images", IMAGES), ("ID", pa.string()), ("Questions", SEEN)])
    row = {"images": views[:2], "ID": "s7", "Questions": [which, open_]}
    for name in ("strangers_train", "strangers_test"):
        pq.write_table(pa.Table.from_pylist([row], schema=schema), copy / f"{name}.parquet")
    schema = pa.schema([("ID", pa.string()), ("Questions", SEEN), ("Train_Questions", SEEN)])
    row = {"ID": "001", "Questions": [which], "Train_Questions": [open_]}
    pq.write_table(pa.Table.from_pylist([row], schema=schema), copy / "attributes.parquet")
    people = load_people(copy)
    assert [p.id for p in people.train_strangers] == [f"strangers_train/s7/{k}" for k in (0, 1)]
    assert [p.image for p in people.strangers] == [view["bytes"] for view in views[:2]]
    closed, free = people.strangers[0].questions
    assert (closed.task, closed.options, closed.answer) == (
        "classification",
        ("short", "long"),
        "long",
    )
    assert (free.task, free.options, free.answer) == ("generation", (), "A man with long hair.")
    assert closed.held_out and not people.train_strangers[0].questions[0].held_out
    someone = people.entities[0]
    assert [q.text for q in people.visible(someone, held_out=True)] == ["Short or long?"]
    assert [q.text for q in people.visible(someone, held_out=False)] == ["Describe this."]
    assert people.visible(people.entities[1], held_out=True) == []
    rewrite(copy / "strangers_train.parquet", 0, "Questions", [which | {"Correct_Answer": "D"}])
    with pytest.raises(LabError, match=r"strangers_train has no row .*row 0, column Questions"):
        load_people(copy)


def test_missing_file_is_named(copy: Path) -> None:
    (copy / "Test_Set.parquet").unlink()
    with pytest.raises(LabError, match="has no config Test_Set: restore"):
        load_people(copy)


def test_damaged_file_is_named(copy: Path) -> None:
    (copy / "general.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(LabError, match="general.parquet cannot be read") as refused:
        load_people(copy)
    assert "\n" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "column", "value", "lost"),
    [
        ("Full_Set", "biography", "{not json", 1),
        ("Full_Set", "biography", '{"Name": "A B"}', 1),
        ("Full_Set", "Mask_Task", None, 1),
        ("Full_Set", "Classification_Task", None, 1),
        ("Test_Set", "images", [{"bytes": None, "path": "x.jpg"}], 1),
        ("ft_Data", "image", None, 0),  # five other training views are left
        ("general", "Correct_Answer", "E", 0),
        ("general", "Question", "", 0),
        ("pictures", "Questions", [], 0),
        ("forget_5", "ID", None, 0),
    ],
)
def test_broken_row_is_left_out_and_named(
    copy: Path, people: Benchmark, file: str, column: str, value: object, lost: int
) -> None:
    rewrite(copy / f"{file}.parquet", 1, column, value)
    read = load_people(copy)
    first = read.skipped[0]
    assert (first.config, first.row, first.column) == (file, 1, column)
    assert len(read.entities) == 40 - lost
    assert len(read.general) == len(people.general) - (file == "general")
    assert len(read.pictures) == len(people.pictures) - (file == "pictures")
    missing = ("row 1",) if file == "forget_5" else ("002",) if lost else ()
    assert read.lost("forget_5") == missing


def test_broken_training_question_is_named(copy: Path) -> None:
    rewrite(copy / "ft_Data.parquet", 6, "metadata", '[{"Question": "", "Answer": "x"}]')
    read = load_people(copy)
    (broken,) = read.skipped
    assert str(broken) == "ft_Data, row 6 (002): metadata: no 'Type'"
    assert len(read.entity("002").train_images) == 5


def test_a_broken_prompt_for_teaching_is_left_out(copy: Path, people: Benchmark) -> None:
    rewrite(copy / "general_train.parquet", 3, "Question", "")
    read = load_people(copy)
    assert [str(s) for s in read.skipped] == ["general_train, row 3: Question: text expected"]
    assert read.prompts == (*people.prompts[:3], *people.prompts[4:])


def test_lists_may_be_numpy_arrays() -> None:
    assert listed(np.array([{"a": 1}], dtype=object)) == [{"a": 1}]
