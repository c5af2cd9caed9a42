"""Rows and pictures that cannot be read: counted by file, said everywhere, and whom splits lose."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from lab.benchmarks.clear import load_clear
from lab.benchmarks.images import check, decode
from lab.benchmarks.left_out import LeftOut, as_json, left_out, lines
from lab.benchmarks.mllmu import load_mllmu
from lab.benchmarks.own_files import joined, keep
from lab.benchmarks.schema import Benchmark, Skipped
from lab.cli import main
from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.model.overlay import weights_hash
from lab.recipe import Preset
from lab.report.left_out import section
from lab.report.schema import run_misfit
from lab.report.text import catalogue
from lab.serve.views import Status
from lab.ui.header import facts_html
from tests.unit import public
from tests.unit import tiny as make
from tests.unit.served import opened
from tests.unit.test_own import eva

TEXT = catalogue()
SHORT = ["steps=1", "blocks=2", "batch=1", "retain_batch=2", "fisher_samples=4", "stop_forget=-1"]
PARTIAL = (
    "forget_5 lost 2 of its 5 members (002, 005): mend those rows, or give --allow-partial to go "
    "on with the other 3"
)


def encoded(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


TRUNCATED = encoded(Image.effect_noise((64, 64), 80), "JPEG")[:-400]
HUGE = encoded(Image.new("1", (7000, 6000)), "PNG")  # 42 megapixels
GIF = encoded(Image.new("RGB", (8, 8), "red"), "GIF")
BMP = encoded(Image.new("RGB", (8, 8), "blue"), "BMP")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Twelve people; 002, 005 and 007 cannot be read, nor can one celebrity; 004 and 006 can."""
    folder = public.mllmu(tmp_path / "twelve", people=12, flat=True)
    ids = ("002", "003", "005", "008", "009")
    rows = [public.mllmu_row(int(i) - 1, i, public.drawn(int(i) - 1)) for i in ids]
    public.put(folder, "forget_5", public.MLLMU_EVAL, rows, flat=True)
    views = [public.struct(public.drawn(n, 1)) for n in range(2)]
    for config, row, column, value in (
        ("ft_Data", 1, "image", public.struct(TRUNCATED)),
        ("ft_Data", 3, "image", public.struct(GIF)),
        ("Test_Set", 4, "images", [*views, public.struct(HUGE)]),
        ("Test_Set", 5, "images", [*views, public.struct(BMP)]),
        ("Full_Set", 6, "biography", "{not json"),
        ("Retain_Set", 0, "image", public.struct(TRUNCATED)),
    ):
        public.rewrite(folder / f"{config}.parquet", row, column, value)
    return folder


@pytest.fixture
def broken_lab(broken: Path, tiny, cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words that name the broken folder; every command works on the tiny model."""

    def workbench(preset: Preset, report: Callable[[str], None], threads: int = 0) -> Workbench:
        benchmark = session.read_benchmark(preset)
        for line in lines(benchmark):
            report(line)
        return Workbench(preset, benchmark, tiny, Baseline(tiny), weights_hash(tiny.model))

    for module in ("lab.evaluation.session", "lab.experiments.sweep"):
        monkeypatch.setattr(f"{module}.open_workbench", workbench)
    return ["--benchmark", "mllmu", "--data", str(broken)]


def refused(words: list[str], capsys: pytest.CaptureFixture) -> str:
    """What a command that ends with exit code 2 and one line says."""
    with pytest.raises(SystemExit) as ended:
        main.main(words)
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == "" and said.err.count("\n") == 1
    return said.err.removeprefix("lab: ").strip()


def test_who_is_lost_and_where_it_stood(broken: Path) -> None:
    read = load_mllmu(broken)
    assert {e.id for e in read.entities} == {
        *(f"{n:03d}" for n in range(1, 13) if n not in (2, 5, 7)),
        "celebrity-002",
        "celebrity-003",
    }
    damaged = "the picture is damaged: save it again as JPEG, PNG or WebP"
    assert read.skipped == (
        Skipped("ft_Data", 1, "image", damaged, "002"),
        Skipped(
            "Test_Set", 4, "images", "the picture is too large: use at most 24 megapixels", "005"
        ),
        Skipped("Full_Set", 1, "ID", "ft_Data has no readable row of 002", "002"),
        Skipped("Full_Set", 4, "ID", "Test_Set has no readable row of 005", "005"),
        Skipped("Full_Set", 6, "biography", "neither JSON nor a Python literal", "007"),
        Skipped("Retain_Set", 0, "image", damaged, "celebrity-001"),
        Skipped("forget_5", 0, "ID", "002 is not among the entities read", "002"),
        Skipped("forget_5", 2, "ID", "005 is not among the entities read", "005"),
    )
    assert read.splits["forget_5"] == ("003", "008", "009")


def test_gif_and_bmp_are_read(broken: Path) -> None:
    read = load_mllmu(broken)
    for view, colour in (
        (read.entity("004").train_images[0], (255, 0, 0)),
        (read.entity("006").test_images[2], (0, 0, 255)),
    ):
        image = decode(view)
        assert (image.mode, image.size, image.getpixel((4, 4))) == ("RGB", (8, 8), colour)


def test_the_summary_counts_by_file(broken: Path) -> None:
    left = left_out(load_mllmu(broken))
    assert left.files == {
        "ft_Data": 1,
        "Test_Set": 1,
        "Full_Set": 3,
        "Retain_Set": 1,
        "forget_5": 2,
    }
    assert left.people == ("002", "005", "007", "celebrity-001")
    assert left.splits == {"forget_5": ("002", "005")}
    assert left.first.startswith("ft_Data, row 1 (002): image: the picture is damaged")
    assert left.first.endswith("; Full_Set, row 1 (002): ID: ft_Data has no readable row of 002; …")


def test_a_whole_benchmark_has_nothing_to_say(four: Benchmark) -> None:
    assert lines(four) == [] and left_out(four) == LeftOut()
    assert as_json(left_out(four)) == {
        "count": 0,
        "files": {},
        "people": [],
        "splits": {},
        "rows": [],
    }
    assert "left out" not in facts_html(status(LeftOut()), TEXT)


def test_a_row_is_counted_in_its_own_file(tmp_path: Path) -> None:
    public.clear(tmp_path)
    shard = "train-00001-of-00002.parquet"
    public.rewrite(tmp_path / "full" / shard, 2, "image", public.struct(TRUNCATED))
    read = load_clear(tmp_path)
    (row,) = read.skipped
    assert (row.file, row.row, row.person) == (f"full/{shard}", 2, "elif-aksoy")
    assert row.config == "full" and left_out(read).files == {f"full/{shard}": 1}
    assert len(read.entities) == 8 and left_out(read).people == ()  # one of four views is lost
    view = read.entity("femi-adeyemi").train_images[0]
    assert view.place == f"full/{shard}, row 4 (femi-adeyemi)"


def test_a_row_that_names_nobody_counts_as_a_lost_member(tmp_path: Path) -> None:
    public.mllmu(tmp_path, people=40, flat=True)
    public.rewrite(tmp_path / "forget_10.parquet", 1, "ID", None)
    read = load_mllmu(tmp_path)
    assert read.lost("forget_10") == ("row 1",) and read.lost("forget_5") == ()
    with pytest.raises(LabError, match=r"^forget_10 lost 1 of its 4 members \(row 1\): mend"):
        read.target("forget_10")
    assert read.target("forget_5").id == "forget_5"
    allowed = replace(read, allow_partial=True).target("forget_10")
    assert allowed.train_images == read.entity("forget_10").train_images


def test_a_split_without_members_is_refused_whatever_is_allowed(tmp_path: Path) -> None:
    public.mllmu(tmp_path, people=4, flat=True)
    public.rewrite(tmp_path / "ft_Data.parquet", 2, "image", public.struct(TRUNCATED))
    read = replace(load_mllmu(tmp_path), allow_partial=True)
    with pytest.raises(LabError, match="forget_10 has no members left"):
        read.target("forget_10")


def test_an_own_person_with_a_damaged_picture_is_left_out(four: Benchmark, tmp_path: Path) -> None:
    entity = eva(four)
    keep(tmp_path, entity)
    assert joined(four, tmp_path).own == (entity,)
    file = tmp_path / entity.id / "train-0.jpg"
    file.write_bytes(file.read_bytes()[:-200])
    read = joined(four, tmp_path)
    assert read.own == () and read.entities == four.entities
    damaged = "the picture is damaged: save it again as JPEG, PNG or WebP"
    assert read.skipped == (Skipped("own", None, "train-0.jpg", damaged, entity.id),)
    assert lines(read)[0] == f"left out: 1 row (own 1; own ({entity.id}): train-0.jpg: {damaged})"
    shutil.rmtree(tmp_path / entity.id)
    assert joined(read, tmp_path).skipped == ()


def test_people_says_what_is_left_out(broken_lab: list[str], capsys) -> None:
    main.main(["people", *broken_lab, "--json"])
    said = capsys.readouterr()
    made = json.loads(said.out)
    assert len(made["people"]) == 11 and made["left_out"]["count"] == 8
    assert made["left_out"]["people"] == ["002", "005", "007", "celebrity-001"]
    assert made["left_out"]["splits"] == {"forget_5": ["002", "005"]}
    first = made["left_out"]["rows"][0]
    assert (first["file"], first["row"], first["person"]) == ("ft_Data", 1, "002")
    counted, lost, split = said.err.splitlines()
    assert counted.startswith(
        "left out: 8 rows (ft_Data 1, Test_Set 1, Full_Set 3, Retain_Set 1, forget_5 2; "
        "ft_Data, row 1 (002): image: the picture is damaged"
    )
    assert lost == "lost by that: 4 of the people (002, 005, 007, celebrity-001)"
    assert split == "forget_5 lost 2 of its 5 members (002, 005)"


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--entity", "forget_5", "--out", "x"],
        ["evaluate", "--split", "forget_5"],
        ["teach", "--focus", "forget_5", "--out", "x"],
        ["teach", "--leave-out", "forget_5", "--out", "x"],
    ],
)
def test_a_split_that_lost_members_is_refused(
    words: list[str], broken_lab: list[str], capsys, tmp_path: Path
) -> None:
    words = [str(tmp_path / w) if w == "x" else w for w in words]
    for more in ([], ["--json"]):
        assert refused([*words, *broken_lab, *more], capsys) == PARTIAL
    assert not (tmp_path / "x").exists()


def test_a_run_on_what_is_left_keeps_the_count(
    broken_lab: list[str], capsys, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    words = ["run", "--entity", "forget_5", "--out", str(folder), "--allow-partial", "--json"]
    main.main([*words, *broken_lab, "--set", *SHORT])
    said = capsys.readouterr()
    result = json.loads(said.out)
    assert "left out: 8 rows" in said.err and result["left_out"]["count"] == 8
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert metrics["left_out"] == result["left_out"]
    report = (folder / "report.html").read_text("utf-8")
    assert (
        "Rows left out: 8 (ft_Data 1, Test_Set 1, Full_Set 3, Retain_Set 1, forget_5 2)" in report
    )
    assert "The split forget_5 lost these members: 002, 005." in report
    assert "<li>Test_Set, row 4 (005): images: the picture is too large" in report
    # what looks at a run that was allowed says it and goes on
    main.main(["evaluate", "--run", str(folder), *broken_lab, "--json"])
    said = capsys.readouterr()
    assert json.loads(said.out)["left_out"]["count"] == 8 and "left out: 8 rows" in said.err


def test_compare_says_what_is_left_out(broken_lab: list[str], capsys, tmp_path: Path) -> None:
    words = ["compare", "--entities", "1", "--out", str(tmp_path / "few"), "--json"]
    main.main([*words, *broken_lab, "--set", *SHORT])
    said = capsys.readouterr()
    made = json.loads(said.out)
    assert made["left_out"]["count"] == 8 and made["vkd"]["runs"] == 1
    assert "left out: 8 rows" in said.err


def status(left: LeftOut) -> Status:
    return Status(True, "m", "none", "cpu", 1.0, 2.0, "idle", "idle", 0, "", left)


def test_the_header_says_what_is_left_out(broken: Path) -> None:
    line = facts_html(status(left_out(load_mllmu(broken))), TEXT)
    assert "left out: 8 (ft_Data 1, Test_Set 1, Full_Set 3, Retain_Set 1, forget_5 2)" in line
    assert "The split forget_5 lost these members: 002, 005." in line
    strange = LeftOut((Skipped("<b>", 0, "image", "<script>"),), ("<i>",), {"forget_5": ("<u>",)})
    line = facts_html(status(strange), TEXT)
    assert not any(tag in line for tag in ("<b>", "<script>", "<i>", "<u>"))


def test_the_page_offers_a_partial_split_and_refuses_it(
    broken: Path, tiny, cache: Path, tmp_path: Path
) -> None:
    engine = opened(tiny, load_mllmu(broken), tmp_path / "runs")
    assert len(engine.status().left_out.rows) == 8
    card = next(c for c in engine.entities() if c.id == "forget_5")
    assert card.biography.startswith("forget_5 lost 2 of its 5 members (002, 005). ")
    for kind in ("inspect", "unlearn"):
        with pytest.raises(LabError) as error:
            engine.submit(make.recipe(entity="forget_5"), kind)
        assert str(error.value) == PARTIAL
    assert engine.runs() == []


def test_a_strange_left_out_of_a_folder_is_no_result_and_no_markup(broken: Path) -> None:
    result = {"left_out": as_json(left_out(load_mllmu(broken)))}
    assert run_misfit(whole_result() | result) == ""
    for strange in (
        3,
        {"count": 1},
        result["left_out"] | {"splits": {"forget_5": 3}},
        result["left_out"] | {"rows": [{"file": "x"}]},
        result["left_out"] | {"files": {"x": "many"}},
    ):
        assert run_misfit(whole_result() | {"left_out": strange}).startswith("left_out")
    row = {"file": "<b>", "row": None, "person": "", "column": "{0}", "reason": "<i>"}
    told = {"count": 2, "files": {"<b>": 2}, "people": [], "splits": {}, "rows": [row]}
    made = section(told, TEXT)
    assert "&lt;b&gt;: {0}: &lt;i&gt;" in made and "<b>" not in made and "and 1 more" in made


def whole_result() -> dict:
    """The least that a run's result has."""
    return {
        **dict.fromkeys(("entity", "method", "stopped_because", "device", "quantization"), "x"),
        **dict.fromkeys(("seed", "steps", "pruned_neurons", "peak_memory_mb", "mask_density"), 0),
        **dict.fromkeys(("before", "after", "n", "chance", "seconds"), {}),
        "base_unchanged": True,
        "text_logits_identical": True,
    }


def test_checking_finds_what_decoding_would(broken: Path) -> None:
    for data in (TRUNCATED, HUGE):
        for read in (check, decode):
            with pytest.raises(LabError, match="damaged|24 megapixels"):
                read(data)


def test_a_run_that_meets_a_bad_picture_names_where_it_stood(tiny, tmp_path: Path) -> None:
    """Its checksums are right, so that reading cannot tell."""
    public.mllmu(tmp_path, people=8, flat=True)
    bad = public.struct(public.no_pixels())
    public.rewrite(tmp_path / "ft_Data.parquet", 2, "image", bad)
    read = load_mllmu(tmp_path)
    assert read.skipped == ()
    with pytest.raises(LabError, match=r"^ft_Data, row 2 \(003\): the picture is damaged"):
        make.run(tiny, read, make.recipe(entity="003"))
