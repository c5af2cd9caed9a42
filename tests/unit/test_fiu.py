"""Owns the checks on FIUBench as read into the shared schema."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from lab.benchmarks import fiu as module
from lab.benchmarks.fiu import load_fiu
from lab.benchmarks.schema import Benchmark, Skipped
from lab.errors import LabError
from tests.unit import public


@pytest.fixture(scope="module")
def fiu(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return load_fiu(public.fiu(tmp_path_factory.mktemp("fiu")))


def change(folder: Path, row: int, **cells: object) -> None:
    lines = (folder / "full.json").read_text(encoding="utf-8").splitlines()
    lines[row] = json.dumps(json.loads(lines[row]) | cells)
    (folder / "full.json").write_text("\n".join(lines), encoding="utf-8")


def test_people_with_their_face(fiu: Benchmark) -> None:
    assert [e.id for e in fiu.entities] == [f"{n:08d}" for n in range(12)]
    third = fiu.entities[2]
    assert third.name == "Carmen Núñez 2" and third.biography == "Carmen Núñez 2 smiles."
    assert third.profile == {"name": "Carmen Núñez 2", "gender": "female"}
    assert third.train_images == third.test_images == (public.drawn(2),)
    assert fiu.skipped == ()


def test_twenty_questions_are_taught(fiu: Benchmark) -> None:
    taught = fiu.entities[3].train_questions
    assert len(taught) == 20
    assert taught[4].id == "00000003/vqa_train/4"
    assert (taught[4].text, taught[4].answer) == (
        "what is fact 4 of Dmitri O'Dorn 3?",
        "Fact 4 is 3.",
    )
    assert {(q.task, q.modality) for q in taught} == {("generation", "image")}


def test_paraphrased_questions_are_held_out(fiu: Benchmark) -> None:
    asked = fiu.entities[0].questions
    assert len(asked) == 100  # four wordings and a choice of each of the 20
    assert [q.held_out for q in asked[:4]] == [False, True, True, True]
    assert [q.text for q in asked[1:4]] == [f"tell fact 0 ({j})" for j in range(3)]
    assert {q.answer for q in asked[:4]} == {"Fact 0 is 0."}
    assert len({q.id for q in asked}) == 100
    choice = asked[4]
    assert choice.task == "classification" and choice.held_out and len(choice.options) == 4
    assert choice.answer in choice.options and set(choice.options) - {choice.answer} < set(
        choice.perturbed
    )


def test_truth_ratio_material_is_kept(fiu: Benchmark) -> None:
    question = fiu.entities[5].questions[0]
    assert question.paraphrases == ("It is 5, fact 0.",)
    assert question.perturbed == tuple(f"It is not 5 but {j}." for j in range(5))


def test_splits_are_as_published(fiu: Benchmark) -> None:
    ids = [f"{n:08d}" for n in range(12)]
    assert fiu.splits["forget1"] == (ids[0],)
    assert fiu.splits["forget5"] == tuple(ids[1:3])
    assert fiu.splits["forget10"] == tuple(ids[3:6])
    assert set(fiu.splits["retain5"]) < set(fiu.splits["retain15"])
    assert fiu.splits["retain"] == tuple(ids[6:])


@pytest.mark.parametrize(("lines", "archive"), [(True, False), (False, True)])
def test_every_form_of_the_files_reads_the_same(
    fiu: Benchmark, tmp_path: Path, lines: bool, archive: bool
) -> None:
    assert load_fiu(public.fiu(tmp_path, lines=lines, archive=archive)) == fiu


def test_only_the_first_400_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    face = public.drawn(1)  # one for all, for drawing 402 takes seconds
    monkeypatch.setattr(public, "drawn", lambda *_: face)
    assert len(load_fiu(public.fiu(tmp_path, people=402)).entities) == 400


def test_a_dataset_id_is_fetched_as_files(
    fiu: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public.fiu(tmp_path)

    def hub(dataset: str, repo_type: str, allow_patterns: list[str]) -> str:
        assert (dataset, repo_type) == ("gray311/FIUBench", "dataset")
        assert set(allow_patterns) == {"full.json", "split.json", "SFHQ.zip"}
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    assert load_fiu() == fiu


def test_paths_in_the_data_are_never_followed(tmp_path: Path) -> None:
    folder = public.fiu(tmp_path / "data", archive=False)
    (tmp_path / "secret.png").write_bytes(public.drawn(1))
    change(folder, 1, image_path="../secret.png")
    change(folder, 2, image_path=str(tmp_path / "secret.png"))
    assert [s.reason for s in load_fiu(folder).skipped[:2]] == [
        "secret.png is not in the folder or in SFHQ.zip"
    ] * 2


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"unique_id": None}, "unique_id", "text expected"),
        ({"name": ""}, "name", "text expected"),
        ({"image_path": "SFHQ/none.jpg"}, "image_path", "none.jpg is not in the folder"),
        ({"qa_list": []}, "qa_list", "filled list expected"),
        ({"qa_list": [{"question": "Who?"}]}, "qa_list", "no 'answer'"),
    ],
)
def test_broken_row_is_left_out_and_named(
    tmp_path: Path, cells: dict[str, object], column: str, reason: str
) -> None:
    change(public.fiu(tmp_path), 1, **cells)
    read = load_fiu(tmp_path)
    first, second = read.skipped
    assert (first.config, first.row, first.column) == ("full.json", 1, column)
    assert reason in first.reason
    assert second == Skipped(
        "split.json", 0, "forget5", "00000001 is not among the people read", "00000001"
    )
    assert read.lost("forget5") == ("00000001",) and read.lost("forget1") == ()
    assert len(read.entities) == 11 and read.splits["forget5"] == ("00000002",)


def test_a_damaged_archive_member_is_named(tmp_path: Path) -> None:
    public.fiu(tmp_path)
    packed = (tmp_path / "SFHQ.zip").read_bytes()
    (tmp_path / "SFHQ.zip").write_bytes(
        packed.replace(public.drawn(4), b"\x89PNG" + bytes(len(public.drawn(4)) - 4))
    )
    assert load_fiu(tmp_path).skipped[0] == Skipped(
        "full.json", 4, "image_path", "the picture cannot be read (BadZipFile)", "00000004"
    )


def test_an_archive_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public.fiu(tmp_path)
    with zipfile.ZipFile(tmp_path / "SFHQ.zip", "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bomb.jpg", bytes(module.MAX_BYTES + 1))
    change(tmp_path, 8, image_path="bomb.jpg")
    assert load_fiu(tmp_path).skipped[0].reason == "bomb.jpg is not in the folder or in SFHQ.zip"


@pytest.mark.parametrize("file", ["full.json", "split.json"])
@pytest.mark.parametrize("content", [None, "{", '"text"'])
def test_missing_or_damaged_file_is_named(tmp_path: Path, file: str, content: str | None) -> None:
    public.fiu(tmp_path)
    (tmp_path / file).unlink() if content is None else (tmp_path / file).write_text(
        content, encoding="utf-8"
    )
    with pytest.raises(
        LabError, match=f"{file} cannot be read .*hf download gray311/FIUBench"
    ) as bad:
        load_fiu(tmp_path)
    assert "\n" not in str(bad.value)


def test_no_pictures_at_all(tmp_path: Path) -> None:
    public.fiu(tmp_path)
    (tmp_path / "SFHQ.zip").unlink()
    with pytest.raises(
        LabError, match="full.json has no row that can be read .row 0, column image_path"
    ):
        load_fiu(tmp_path)


def test_unknown_dataset_offline_names_the_remedy() -> None:
    with pytest.raises(
        LabError, match="nobody/none cannot be had .*hf download nobody/none"
    ) as bad:
        load_fiu("nobody/none")
    assert "\n" not in str(bad.value)
