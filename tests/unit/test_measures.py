"""The measures of lab mode: what each asks of each benchmark, its marks by hand, and where it shows."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lab.benchmarks.clear import load_clear
from lab.benchmarks.fiu import load_fiu
from lab.benchmarks.mllmu import load_mllmu
from lab.benchmarks.schema import Benchmark, Question
from lab.benchmarks.umu import load_umu
from lab.catalogue import MEASURE_ROWS, MEASURES, TEXT_ONLY, MeasureRow
from lab.evaluation import measures
from lab.evaluation.measures import ASKS, MARKS, chances, marked
from lab.evaluation.questions import Ask, share
from lab.evaluation.scores import Baseline, asks_for, changed_share
from lab.report.page import page
from lab.report.run_folder import read_run, write_run
from lab.report.schema import run_misfit
from lab.report.text import catalogue, languages
from tests.unit import public
from tests.unit import tiny as make

WRITTEN = [f"{who}_{kind}" for who in ("forget", "retain", "celebrity") for kind in ("vqa", "qa")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("public")


def sizes(benchmark: Benchmark, target: str) -> dict[str, int]:
    return {m: len(asks) for m, asks in asks_for(benchmark, benchmark.entity(target)).items()}


def open_one(answer: str) -> Ask:
    return Ask(Question("p0/o", "generation", "text", "", "Where?", answer))


# ---- the catalogue


def test_the_catalogue_loads_nothing_heavy() -> None:
    code = "import sys, lab.catalogue; print([m for m in ('torch', 'gradio') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_measure_has_questions_a_mark_and_its_words() -> None:
    for name, row in MEASURE_ROWS.items():
        assert name in ASKS or row.of in ASKS, name
        assert row.mark in MARKS, name
        assert not row.of or MEASURE_ROWS[row.of].of == ""  # answers are kept under one name
        assert row.tokens or row.of or row.mark == "same"
    for language in languages():
        text = catalogue(language)
        assert tuple(text.SCORES) == tuple(text.SHORT_SCORES) == MEASURES


def test_a_measure_is_one_row_and_one_function(tiny, four, monkeypatch) -> None:
    """Another mark of answers that are there already: the model is asked nothing more."""
    monkeypatch.setitem(MEASURE_ROWS, "forget_short", MeasureRow(mark="short", of="forget_name"))
    monkeypatch.setitem(
        MARKS, "short", lambda ask, said: replace(measures.same(ask, said), correct=len(said) < 9)
    )
    asks = asks_for(four, four.entities[0])["forget_name"]
    keeper = Baseline(tiny)
    said = [v.answer for v in keeper.verdicts("forget_name", asks)]
    monkeypatch.setattr("lab.evaluation.scores.answering", None)
    short = keeper.verdicts("forget_short", asks)
    assert [v.answer for v in short] == said
    assert [v.correct for v in short] == [len(text) < 9 for text in said]


# ---- what is asked


def test_mllmu_has_the_columns_of_its_paper(folder: Path) -> None:
    people = load_mllmu(public.mllmu(folder / "mllmu"))
    found = sizes(people, "001")
    assert list(found) == [m for m in MEASURES if m in found]
    assert found == {
        "forget_vqa": 8,  # three views, the five questions taking turns: 3 + 2 + 3
        "forget_qa": 5,
        "retain_vqa": 19 * 3,
        "retain_qa": 19 * 2,
        "celebrity_vqa": 3 * 3,
        "celebrity_qa": 3 * 2,
        **{f"forget_{kind}_{mark}": 2 for kind in ("vqa", "qa") for mark in ("rouge", "cloze")},
        **{f"retain_{kind}_{mark}": 19 for kind in ("vqa", "qa") for mark in ("rouge", "cloze")},
        **{f"celebrity_{kind}_{mark}": 3 for kind in ("vqa", "qa") for mark in ("rouge", "cloze")},
    }
    asked = asks_for(people, people.entity("001"))
    famous = people.entity("celebrity-002")
    assert asked["celebrity_vqa"][3].image == famous.test_images[0]
    assert asked["celebrity_vqa"][3].question.id.startswith("celebrity-002/vqa/")
    assert all((a.image is None) == (m in TEXT_ONLY) for m, asks in asked.items() for a in asks)
    assert asked["forget_vqa_cloze"][0].question.text == (
        "This person was born in [Blank].\nPlease **ONLY** provide the correct answer that should "
        "replace the [Blank]."
    )
    assert [a.image for a in asked["forget_vqa_rouge"]] == [public.drawn(0, 1), public.drawn(0, 2)]


def test_umu_has_celebrities_and_written_answers_too(folder: Path) -> None:
    people = load_umu(public.umu(folder / "umu"))
    found = sizes(people, "001")
    assert {f"{name}_{mark}" for name in WRITTEN for mark in ("rouge", "cloze")} <= found.keys()
    assert (found["celebrity_vqa"], found["celebrity_qa"], found["celebrity_vqa_rouge"]) == (
        2,
        2,
        2,
    )


def test_clear_has_written_text_and_its_pictures_apart(folder: Path) -> None:
    authors = load_clear(public.clear(folder / "clear"))
    target = authors.splits["forget01"][0]
    found = sizes(authors, target)
    assert found["forget_qa_rouge"] == 20 and found["retain_qa_rouge"] == 7
    assert found["forget_vqa_rouge"] == 2  # the captions of two held-out views; names are apart
    assert (found["real_faces_vqa"], found["real_world_vqa"], found["pictures_vqa"]) == (3, 2, 5)
    assert not [m for m in found if m.startswith("celebrity") or m.endswith("cloze")]


def test_of_many_questions_the_same_sixty_are_drawn(folder: Path) -> None:
    faces = load_fiu(public.fiu(folder / "fiu"))
    entity = faces.entities[0]  # 20 questions and their 60 paraphrases
    first, again = (asks_for(faces, entity)["forget_vqa_rouge"] for _ in range(2))
    assert len(first) == len({a.question.id for a in first}) == 60 and first == again


def test_the_embedded_people_are_asked_as_before() -> None:
    from lab.benchmarks.people import load_people

    found = sizes(load_people(), "001")
    usual = {m: n for m, n in found.items() if MEASURE_ROWS[m].usual}
    assert usual == {
        "forget_vqa": 36,
        "forget_name": 8,
        "names_other": 8,
        "says_unknown": 8,
        "still_sees": 24,
        "forget_qa": 16,
        "retain_vqa": 117,
        "retain_qa": 78,
        "general_qa": 74,
        "pictures_vqa": 48,
    }


def test_a_celebrity_whom_somebody_added_as_their_own_is_not_held_in_place(folder: Path) -> None:
    people = load_mllmu(public.mllmu(folder / "named"))
    own = replace(people.entity("celebrity-001"), id="own-1")
    left = asks_for(replace(people, own=(own,)), own)["celebrity_vqa"]
    assert {a.question.id.split("/")[0] for a in left} == {"celebrity-002", "celebrity-003"}


# ---- how an answer is marked


def test_written_answers_are_marked_as_by_hand() -> None:
    town = open_one("born in sunny Riga")
    # two of three words in order, of four: precision 2/3, recall 2/4
    (near,) = marked("forget_qa_rouge", [town], ["born near Riga"])
    assert near.mark == near.score == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))
    assert not near.correct
    asks = [town, town]
    both = marked("forget_qa_rouge", asks, ["born near Riga", "Born in sunny Riga."])
    assert both[1].correct and share(both) == pytest.approx((near.score + 1) / 2)
    holds = marked(
        "forget_vqa_cloze", [open_one("Riga.")] * 3, ["It is RIGA, I think", "rig", "Riga"]
    )
    assert [v.mark for v in holds] == [True, False, True]
    assert chances(
        {"forget_qa_rouge": [town], "forget_vqa_cloze": [town], "forget_name": [town]}
    ) == {
        "forget_qa_rouge": None,
        "forget_vqa_cloze": None,
        "forget_name": 0.0,
    }


def test_only_choices_count_as_text_answers_that_changed() -> None:
    town = open_one("Riga")
    before = {"forget_qa": marked("forget_qa", [town, town], ["Riga", "Oslo"])}
    after = {"forget_qa": marked("forget_qa", [town, town], ["Riga", "Riga"])}
    before["forget_qa_rouge"] = marked("forget_qa_rouge", [town], ["Riga"])
    after["forget_qa_rouge"] = marked("forget_qa_rouge", [town], ["Oslo"])
    assert changed_share(before, after) == 0.5


def test_kept_answers_of_earlier_versions_are_marked_the_same(tiny, four) -> None:
    asks = asks_for(four, four.entities[0])["forget_name"][:3]
    keeper = Baseline(tiny)
    keeper.verdicts("forget_name", asks)
    keeper.known = dict(zip(keeper.known, (True, "bruno bell.", False), strict=True))
    verdicts = keeper.verdicts("forget_name", asks)
    assert [v.correct for v in verdicts] == [True, False, False]
    assert [v.answer for v in verdicts] == ["Ada Almeida", "bruno bell.", ""]


# ---- a run with all of them


@pytest.fixture(scope="module")
def scored(tiny, folder: Path):
    """A run on MLLMU-Bench with all measures: benchmark, recipe, outcome, events."""
    people = load_mllmu(public.mllmu(folder / "run"))
    recipe = make.recipe(entity="001", steps=1, measures="all")
    return people, recipe, *make.run(tiny, people, recipe)


@pytest.mark.slow
def test_a_run_takes_written_answers_only_when_asked(scored, tiny) -> None:
    people, recipe, _, events = scored
    every = events[-1].result
    assert every["n"] == sizes(people, "001")
    usual = make.run(tiny, people, replace(recipe, measures="usual"))[1][-1].result
    assert usual["n"] == {m: n for m, n in every["n"].items() if MEASURE_ROWS[m].usual}
    assert {m for m in every["n"] if m.startswith("celebrity")} & usual["n"].keys() == {
        "celebrity_vqa",
        "celebrity_qa",
    }
    for part in ("before", "after", "n", "chance"):
        assert usual[part] == {m: every[part][m] for m in usual["n"]}
    assert {m for m, level in every["chance"].items() if level is None} == {
        f"{name}_{mark}" for name in WRITTEN for mark in ("rouge", "cloze")
    }
    assert all(every["before"][m] == every["after"][m] for m in TEXT_ONLY if m in every["n"])


def test_a_run_with_scores_is_written_read_and_shown(scored, tiny, tmp_path: Path) -> None:
    people, recipe, outcome, events = scored
    text = catalogue()
    write_run(tmp_path / "run", recipe, events, outcome.delta, people, "demo", text)
    stored = read_run(tmp_path / "run", tiny.base, people)
    assert stored.head.note == "" and not run_misfit(stored.head.result)
    assert stored.head.result["chance"]["forget_vqa_rouge"] is None
    rows = list(csv.DictReader((tmp_path / "run" / "items.csv").open()))
    assert len(rows) == sum(stored.head.result["n"].values())
    scores = [r["original_verdict"] for r in rows if r["measure"] == "retain_vqa_rouge"]
    assert sum(map(float, scores)) / 19 == pytest.approx(
        stored.head.result["before"]["retain_vqa_rouge"], abs=1e-4
    )
    assert {r["original_verdict"] for r in rows if r["measure"] == "retain_vqa_cloze"} <= {
        "right",
        "wrong",
    }
    report = page(recipe, stored.events, (), people, "demo", text)
    assert text.SCORES["celebrity_vqa"] in report and text.NO_CHANCE in report
    line = report[report.index(text.SCORES["celebrity_qa_rouge"]) :].split("</tr>")[0]
    assert line.endswith("<td>–</td><td>3</td>")


def test_parts_of_the_pictures_are_asked_once(tiny, folder: Path, monkeypatch) -> None:
    from lab.evaluation import scores

    authors = load_clear(public.clear(folder / "parts"))
    target = authors.splits["forget01"][0]
    asked: list[tuple[str, str]] = []

    def counted(loaded, measure, asks, answering=scores.answering):
        asked.extend((measure, a.question.id) for a in asks)
        return answering(loaded, measure, asks)

    monkeypatch.setattr(scores, "answering", counted)
    result = make.run(tiny, authors, make.recipe(entity=target, steps=1))[1][-1].result
    assert result["n"]["real_faces_vqa"] == 3 and result["n"]["real_world_vqa"] == 2
    pooled = 3 * result["after"]["real_faces_vqa"] + 2 * result["after"]["real_world_vqa"]
    assert result["after"]["pictures_vqa"] == pytest.approx(pooled / 5)
    assert sum(name.startswith("real_") for _, name in asked) == 2 * 5  # before and after
