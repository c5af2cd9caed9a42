"""Owns the checks on MLLMU-Bench as read into the shared schema, and on reading rows at all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, Image, List
from PIL.PngImagePlugin import PngImageFile

from lab.benchmarks.images import decode
from lab.benchmarks.mllmu import _evaluation, load_mllmu
from lab.benchmarks.people import FOLDER as PEOPLE
from lab.benchmarks.schema import Benchmark, Skipped
from lab.errors import LabError
from tests.unit import public
from tests.unit.public import no_pixels


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return public.mllmu(tmp_path_factory.mktemp("mllmu"))


@pytest.fixture(scope="module")
def mllmu(published: Path) -> Benchmark:
    return load_mllmu(published)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return public.mllmu(tmp_path, people=4, flat=True)


def refused(folder: Path) -> str:
    with pytest.raises(LabError) as error:
        load_mllmu(folder)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_people_have_one_training_view_and_pose_variants(mllmu: Benchmark) -> None:
    people = [e for e in mllmu.entities if not e.id.startswith("celebrity")]
    assert [e.id for e in people] == [f"{n:03d}" for n in range(1, 21)]
    assert people[4].train_images == (public.drawn(4),)
    assert people[4].test_images == tuple(public.drawn(4, k) for k in (1, 2, 3))
    assert mllmu.skipped == ()


def test_profile_is_the_biography(mllmu: Benchmark) -> None:
    first = mllmu.entity("001")
    assert first.name == "Amelia Kuznetsov"
    assert first.profile == {
        "name": "Amelia Kuznetsov",
        "born": "Riga, Latvia",
        "employment": "Writer",
    }
    assert first.biography == "A portrait of person 0."


def test_training_leaves_additional_entries_out(mllmu: Benchmark) -> None:
    taught = mllmu.entity("001").train_questions
    assert [q.id for q in taught] == [f"001/vqa_train/{n}" for n in range(4)]
    assert taught[1].text == "Where was this person born?"
    assert taught[1].answer == "This person was born in Riga, Latvia."
    assert [q.fact for q in taught] == ["name", "", "", ""]
    assert {(q.task, q.modality, q.held_out) for q in taught} == {("generation", "image", False)}


def test_every_task_in_both_modalities(mllmu: Benchmark) -> None:
    for entity in mllmu.entities:
        counted = Counter((q.task, q.modality) for q in entity.questions)
        assert counted == {
            (task, modality): n
            for modality in ("image", "text")
            for task, n in (("classification", 5), ("generation", 2), ("cloze", 2))
        }
        ids = [q.id for q in (*entity.questions, *entity.train_questions)]
        assert len(ids) == len(set(ids))


def test_options_keep_their_letters_order(mllmu: Benchmark) -> None:
    asked = {q.id: q for q in mllmu.entity("001").questions}
    named, born = asked["001/vqa/0"], asked["001/qa/1"]
    assert named.options == ("Dmitri O'Dorn", "Amelia Kuznetsov", "Femi Adeyemi", "Greta Lind")
    assert (named.answer, named.fact) == ("Amelia Kuznetsov", "name")
    assert born.options[2] == born.answer == "Riga, Latvia"
    assert asked["001/qa_cloze/0"].text == "Amelia Kuznetsov was born in __."
    assert asked["001/qa_cloze/0"].answer == "Riga, Latvia"


def test_only_wordings_that_are_not_taught_are_held_out(mllmu: Benchmark) -> None:
    asked = {q.id: q for q in mllmu.entity("001").questions}
    assert not asked["001/vqa_open/0"].held_out  # "Where was this person born?" is taught
    assert asked["001/qa_open/0"].held_out


def test_celebrities_have_ids_of_their_own_and_are_never_taught(mllmu: Benchmark) -> None:
    names = ("celebrity-001", "celebrity-002", "celebrity-003")
    assert mllmu.splits["retain_celebrity"] == names
    for n, name in enumerate(names):
        celebrity = mllmu.entity(name)
        assert celebrity.train_images == celebrity.train_questions == ()
        assert celebrity.test_images == (public.drawn(9000 + n),)
        assert len(celebrity.questions) == 18


@pytest.mark.parametrize("percent", [5, 10, 15])
def test_splits_are_those_of_the_files(mllmu: Benchmark, published: Path, percent: int) -> None:
    for split in (f"forget_{percent}", f"retain_{100 - percent}"):
        ids = pq.read_table(published / split, columns=["ID"])["ID"].to_pylist()
        assert list(mllmu.splits[split]) == ids
    assert len(mllmu.splits[f"forget_{percent}"]) == 20 * percent // 100


def test_both_layouts_read_the_same(mllmu: Benchmark, tmp_path: Path) -> None:
    assert load_mllmu(public.mllmu(tmp_path, flat=True)) == mllmu


def test_a_folder_may_leave_out_splits_and_celebrities(small: Path) -> None:
    for config in ("forget_5", "forget_15", "Retain_Set"):
        (small / f"{config}.parquet").unlink()
    assert load_mllmu(small).splits.keys() == {"forget_10", "retain_90"}


def test_the_embedded_files_are_of_this_schema() -> None:
    people = load_mllmu(PEOPLE)
    assert len(people.entities) == 40 and people.skipped == ()
    assert {(len(e.train_images), len(e.test_images)) for e in people.entities} == {(6, 4)}


def test_rows_from_pandas_hold_arrays(published: Path, mllmu: Benchmark) -> None:
    frame = pd.read_parquet(published / "Full_Set")
    asked = list(_evaluation(frame.iloc[2]))
    known = mllmu.entity("003").questions
    assert [(q.text, q.answer, q.options) for q in asked] == [
        (q.text, q.answer, q.options) for q in known
    ]


def test_a_dataset_id_is_read_without_decoding(
    published: Path, mllmu: Benchmark, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def hub(dataset: str, config: str, split: str) -> Dataset:
        asked.append((dataset, config, split))
        files = sorted(map(str, (published / config).glob("*.parquet")))
        table = Dataset.from_parquet(files, cache_dir=str(tmp_path))
        for column, feature in (("image", Image()), ("images", List(Image()))):
            if column in table.column_names:
                table = table.cast_column(column, feature)
        return table

    monkeypatch.setattr("datasets.load_dataset", hub)
    assert load_mllmu() == mllmu
    assert ("MLLMMU/MLLMU-Bench", "Test_Set", "train") in asked
    assert not any(config.startswith("retain_") for _, config, _ in asked)


def test_500_people_are_read_without_decoding_a_png(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public.mllmu(tmp_path, people=500, celebrities=153)

    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr(PngImageFile, "load", loaded)
    whole = load_mllmu(tmp_path)
    assert len(whole.entities) == 653
    assert [len(whole.splits[f"forget_{p}"]) for p in (5, 10, 15)] == [25, 50, 75]


@pytest.mark.parametrize(
    ("config", "column", "value", "reason"),
    [
        ("Full_Set", "biography", "{not json", "neither JSON nor a Python literal"),
        ("Full_Set", "biography", '{"Born": "x"}', "no 'name'"),
        ("Full_Set", "Mask_Task", None, "filled list expected"),
        (
            "Full_Set",
            "Mask_Task",
            [{"Question": "Q __", "Ground_Truth": "x", "Type": "Other"}],
            "'Other'",
        ),
        ("Full_Set", "ID", "", "text expected"),
        ("Full_Set", "ID", "777", "ft_Data has no readable row of 777"),
        ("ft_Data", "image", None, "not subscriptable"),
        ("ft_Data", "image", {"bytes": b"GIF89a", "path": None}, "not a picture that can be read"),
        ("ft_Data", "image", {"bytes": None, "path": "/etc/passwd"}, "encoded picture expected"),
        ("ft_Data", "metadata", '{"Question": "Who?"}', "filled list expected"),
        ("ft_Data", "metadata", '[{"Additional_question": "And?"}]', "no entry with Question"),
        ("Test_Set", "images", [], "filled list expected"),
        ("Retain_Set", "biography", None, "NoneType"),
        ("forget_10", "ID", None, "text expected"),
    ],
)
def test_broken_row_is_left_out_and_named(
    tmp_path: Path, config: str, column: str, value: object, reason: str
) -> None:
    public.mllmu(tmp_path, people=40, flat=True)
    public.rewrite(tmp_path / f"{config}.parquet", 1, column, value)
    read = load_mllmu(tmp_path)
    first = read.skipped[0]
    assert (first.config, first.row, first.column) == (config, 1, column)
    assert reason in first.reason
    people = [e for e in read.entities if not e.id.startswith("celebrity")]
    assert len(people) == (40 if config in ("Retain_Set", "forget_10") else 39)
    known = {e.id for e in read.entities}
    assert all(set(ids) <= known for ids in read.splits.values())


def test_a_person_without_training_row_is_reported_too(small: Path) -> None:
    public.rewrite(small / "ft_Data.parquet", 2, "metadata", "[]")
    read = load_mllmu(small)
    assert read.skipped == (
        Skipped("ft_Data", 2, "metadata", "filled list expected", "003"),
        Skipped("Full_Set", 2, "ID", "ft_Data has no readable row of 003", "003"),
        Skipped("forget_10", 0, "ID", "003 is not among the entities read", "003"),
    )
    assert read.splits["forget_10"] == ()


def test_a_picture_that_is_bad_in_spite_of_its_checksums_is_named_when_it_is_used(
    small: Path,
) -> None:
    public.rewrite(small / "ft_Data.parquet", 0, "image", public.struct(no_pixels()))
    read = load_mllmu(small)
    assert read.skipped == ()
    with pytest.raises(LabError, match=r"^ft_Data, row 0 \(001\): the picture is damaged"):
        decode(read.entity("001").train_images[0])


def test_missing_column_is_named(small: Path) -> None:
    public.drop_column(small / "Full_Set.parquet", "Classification_Task")
    told = refused(small)
    assert (
        "Full_Set has no row that can be read (row 0, column Classification_Task: is missing)"
        in told
    )
    assert "hf download MLLMMU/MLLMU-Bench --repo-type dataset --include 'Full_Set/*'" in told


def test_missing_config_is_named(small: Path) -> None:
    (small / "Test_Set.parquet").unlink()
    assert "has no config Test_Set: download it with: hf download" in refused(small)


def test_training_rows_alone_are_not_enough(tmp_path: Path) -> None:
    # The training splits are published under the same config names, with other columns.
    public.put(tmp_path, "forget_5", public.MLLMU["ft_Data"], [], flat=True)
    assert "has no config ft_Data" in refused(tmp_path)


def test_damaged_file_is_named(small: Path) -> None:
    (small / "ft_Data.parquet").write_bytes(b"PAR1 nothing")
    assert "ft_Data.parquet cannot be read (ArrowInvalid): download it with" in refused(small)


def test_unknown_dataset_offline_names_the_remedy() -> None:
    with pytest.raises(LabError) as error:
        load_mllmu("nobody/no-such-dataset")
    told = str(error.value)
    assert "\n" not in told
    assert "nobody/no-such-dataset cannot be had" in told
    assert "hf download nobody/no-such-dataset" in told and "--data FOLDER" in told


@pytest.mark.parametrize("source", ["no such folder", "/no/such/folder", Path("gone")])
def test_neither_folder_nor_id(source: str | Path) -> None:
    with pytest.raises(LabError, match="neither a folder nor a dataset id: download it with"):
        load_mllmu(source)
