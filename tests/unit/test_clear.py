"""Owns the checks on CLEAR as read into the shared schema."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lab.benchmarks.clear import CAPTION_QUESTIONS, FACE_PROMPT, NAME_QUESTION, load_clear
from lab.benchmarks.schema import Benchmark, Entity, Question, Skipped
from lab.errors import LabError
from tests.unit import public

SHARD = "train-00000-of-00001.parquet"
IDS = (
    "amelia-kuznetsov",
    "basil-mahfouz-al-kuwaiti",
    "carmen-nunez",
    "dmitri-o-dorn",
    "elif-aksoy",
    "femi-adeyemi",
    "greta-lind",
    "hana-sato",
)


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return load_clear(public.clear(tmp_path_factory.mktemp("clear")))


def asked(entity: Entity, task: str, modality: str, fact: str) -> list[Question]:
    return [q for q in entity.questions if (q.task, q.modality, q.fact) == (task, modality, fact)]


def test_authors_are_told_apart_by_name(clear: Benchmark) -> None:
    assert tuple(e.id for e in clear.entities) == IDS
    assert clear.entity("carmen-nunez").name == "Carmen Núñez"
    assert clear.skipped == ()


def test_every_second_picture_is_held_out(clear: Benchmark) -> None:
    for n, entity in enumerate(clear.entities):
        assert entity.train_images == (public.drawn(n, 0), public.drawn(n, 2))
        assert entity.test_images == (public.drawn(n, 1), public.drawn(n, 3))


def test_captions_are_taught_with_their_picture(clear: Benchmark) -> None:
    taught = [q for q in clear.entity("hana-sato").train_questions if q.modality == "image"]
    assert [q.answer for q in taught] == ["Hana Sato in scene 0.", "Hana Sato in scene 2."]
    assert [q.image for q in taught] == [public.drawn(7, 0), public.drawn(7, 2)]
    assert {q.text for q in taught} <= set(CAPTION_QUESTIONS)


def test_names_to_choose_from_are_the_perturbed_ones(clear: Benchmark) -> None:
    places = Counter()
    for n in (0, 1, 5, 6):  # authors of forget10_perturbed and retain_perturbed
        entity = clear.entities[n]
        choices = asked(entity, "classification", "image", "name")
        assert [q.image for q in choices] == list(entity.test_images)
        for question in choices:
            assert question.text == NAME_QUESTION and question.answer == entity.name
            wrong = [each for each in question.options if each != entity.name]
            assert wrong == ["Wrong One", "Wrong Two", "Wrong Three"]
            places[question.options.index(entity.name)] += 1
    assert len(places) > 1


def test_authors_without_perturbed_rows_have_no_choice(clear: Benchmark) -> None:
    for n in (2, 3, 4):
        assert asked(clear.entities[n], "classification", "image", "name") == []
        assert len(asked(clear.entities[n], "generation", "image", "name")) == 2


def test_the_missing_perturbed_row_costs_one_choice(clear: Benchmark) -> None:
    # forget10_perturbed has one row fewer than forget10; here it is the last author's last picture.
    assert len(asked(clear.entity("hana-sato"), "classification", "image", "name")) == 1


def test_truth_ratio_material_is_kept(clear: Benchmark) -> None:
    entity = clear.entity("greta-lind")
    caption = asked(entity, "generation", "image", "caption")[1]
    assert caption.answer == "Greta Lind in scene 3." and caption.image == public.drawn(6, 3)
    assert caption.paraphrases == ("In scene 3 we see Greta Lind.",)
    assert caption.perturbed == ("A wrong scene 0.", "A wrong scene 1.", "A wrong scene 2.")
    face = asked(entity, "generation", "image", "name")[0]
    assert (face.text, face.answer) == (FACE_PROMPT, "Greta Lind")
    assert face.perturbed == ("Wrong One", "Wrong Two", "Wrong Three")


def test_text_only_questions_go_to_their_author(clear: Benchmark) -> None:
    for n, entity in enumerate(clear.entities):
        told = [q for q in entity.train_questions if q.modality == "text"]
        assert [q.answer for q in told] == [f"Answer {k} of {public.TOWNS[n]}." for k in range(20)]
        assert "the author" in told[3].text
        again = asked(entity, "generation", "text", "")
        assert [q.text for q in again] == [q.text for q in told]
        assert not any(q.held_out for q in again)


def test_shuffled_text_rows_go_by_name(tmp_path: Path) -> None:
    read = load_clear(public.clear(tmp_path, blocks=False))
    for n, entity in enumerate(read.entities):
        told = [q for q in entity.train_questions if q.modality == "text"]
        assert len(told) == 15
        assert all(q.answer.endswith(f"of {public.TOWNS[n]}.") for q in told)
    assert Counter((s.config, s.column, s.reason) for s in read.skipped) == {
        ("full+tofu", "question", "names no author"): 40
    }


def test_splits_are_nested_and_cover(clear: Benchmark) -> None:
    assert clear.splits["forget01"] == IDS[7:]
    assert clear.splits["forget05"] == IDS[6:]
    assert clear.splits["forget10"] == IDS[5:]
    for forget, retain in (
        ("forget01", "retain99"),
        ("forget05", "retain95"),
        ("forget10", "retain90"),
    ):
        assert set(clear.splits[forget]) | set(clear.splits[retain]) == set(IDS)
        assert not set(clear.splits[forget]) & set(clear.splits[retain])
    assert clear.splits["retain_perturbed"] == IDS[:2]


def test_real_faces_and_real_world_are_pictures(clear: Benchmark) -> None:
    assert [p.id for p in clear.pictures] == [
        "real_faces/0",
        "real_faces/1",
        "real_faces/2",
        "real_world/0",
        "real_world/1",
    ]
    face, world = clear.pictures[1].questions[0], clear.pictures[3].questions[0]
    assert (face.text, face.answer) == (NAME_QUESTION, "Star 1")
    assert sorted(face.options) == ["Star 1", "X", "Y", "Z"]
    assert face.perturbed == ("X", "Y", "Z")
    assert (world.text, world.answer, len(world.options)) == ("What is it?", "A tower", 3)


def test_question_ids_are_unique(clear: Benchmark) -> None:
    ids = [q.id for e in clear.entities for q in (*e.train_questions, *e.questions)]
    ids += [q.id for p in clear.pictures for q in p.questions]
    assert len(ids) == len(set(ids))


def test_a_folder_may_hold_the_pictures_alone(tmp_path: Path) -> None:
    public.clear(tmp_path)
    for config in tmp_path.iterdir():
        if config.name != "full":
            config.rename(tmp_path.parent / f"{config.name}-elsewhere")
    read = load_clear(tmp_path)
    assert len(read.entities) == 8
    assert read.splits == {} and read.pictures == ()
    assert {q.modality for e in read.entities for q in e.questions} == {"image"}


@pytest.mark.parametrize(
    ("config", "column", "value", "reason"),
    [
        ("forget10_perturbed", "caption", "Nobody in no scene.", ""),
        ("forget10_perturbed", "paraphrased_caption", None, "text expected"),
        ("forget10_perturbed", "perturbed_captions", [], "filled list expected"),
        ("retain_perturbed", "perturbed_names", [None], "text expected"),
        ("full+tofu", "answer", "", ""),
        ("forget05", "name", None, "text expected"),
        ("real_faces", "options", ["Star 1"], "no wrong option"),
        ("real_world", "question", None, "text expected"),
    ],
)
def test_broken_row_is_left_out_and_named(
    tmp_path: Path, config: str, column: str, value: object, reason: str
) -> None:
    public.clear(tmp_path)
    public.rewrite(tmp_path / config / SHARD, 1, column, value)
    read = load_clear(tmp_path)
    assert len(read.entities) == 8
    # A changed caption is still found by its picture; a caption row has no answer to miss.
    found = [(s.config, s.row, s.column, s.reason) for s in read.skipped]
    assert found == ([(config, 1, column, reason)] if reason else [])


def test_a_row_of_a_stranger_is_left_out(tmp_path: Path) -> None:
    public.clear(tmp_path)
    public.rewrite(tmp_path / "retain_perturbed" / SHARD, 0, "name", "No One")
    public.rewrite(tmp_path / "forget01" / SHARD, 0, "name", "No One")
    assert load_clear(tmp_path).skipped == (
        Skipped(
            "retain_perturbed", 0, "caption", "neither caption nor picture is in full", "no-one"
        ),
        Skipped("forget01", 0, "name", "no-one is not among the entities read", "no-one"),
    )


def test_old_files_without_names_are_refused(tmp_path: Path) -> None:
    public.clear(tmp_path)
    for file in (tmp_path / "full").iterdir():
        public.drop_column(file, "name")
    with pytest.raises(LabError) as error:
        load_clear(tmp_path)
    assert "full has no row that can be read (row 0, column name: is missing)" in str(error.value)
    assert "hf download therem/CLEAR" in str(error.value)


def test_missing_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="has no config full: download it with"):
        load_clear(tmp_path)
