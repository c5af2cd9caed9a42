"""What make results measures, on the tiny model: every row once, resumed, and never of two models."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from assets.build import results
from assets.build.measures import science, shared, waits
from assets.build.tables.people import people_times
from lab.bench import against
from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.experiments import attack_table, everybody, general_text, knowledge
from lab.experiments.attack_table import Job
from lab.experiments.claims import VARIABLE
from lab.experiments.records import key_of, same
from lab.experiments.result_file import SUMS, ResultFile, devices, digest, edition, read
from lab.experiments.studies import Study, Variant
from lab.model.overlay import weights_hash
from lab.model.version import Version
from lab.recipe import AttackRecipe, Preset, Recipe, revise
from tests.unit import tiny as make


def quiet(_: str) -> None:
    pass


@pytest.fixture
def bench(tiny, four) -> Workbench:
    preset = Preset("tiny", "none", "tiny", recipe=make.recipe())
    return Workbench(preset, four, tiny, Baseline(tiny), weights_hash(tiny.model))


@pytest.fixture
def file(tmp_path: Path) -> ResultFile:
    return ResultFile(tmp_path / "deep" / "some.json", {"models": "a"})


# ---- the file


def test_rows_are_kept_at_once_and_found_again(file: ResultFile) -> None:
    file.add("one", {"share": 0.5}, "cpu")
    assert (held := read(file.path)) and held["fits"] == {"models": "a"}
    (row,) = held["rows"]
    assert row["id"] == "one" and row["share"] == 0.5 and row["device"] == "cpu" and row["date"]
    again = ResultFile(file.path, {"models": "a"})
    assert again.has("one") and not again.has("two")
    assert [p.name for p in file.path.parent.iterdir()] == ["some.json"]


def test_rows_of_other_models_are_not_mixed_in(file: ResultFile) -> None:
    file.add("one", {}, "cpu")
    other = ResultFile(file.path, {"models": "b"})
    assert not other.has("one")
    assert file.path.exists()  # until the first new row there is something to show
    other.add("two", {}, "cpu")
    assert [row["id"] for row in (read(file.path) or {})["rows"]] == ["two"]


@pytest.mark.parametrize("content", ["", "[]", '{"rows": []}', "{not json"])
def test_a_damaged_file_is_measured_again(content: str, tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    path.write_text(content, encoding="utf-8")
    assert read(path) is None and ResultFile(path, {}).rows == []


def test_an_edition_and_a_digest_change_with_what_they_are_of(tmp_path: Path) -> None:
    assert edition(tmp_path) == ""
    (tmp_path / SUMS).write_text("1  vanilla/a\n", encoding="utf-8")
    first, before = edition(tmp_path), digest([tmp_path / SUMS])
    (tmp_path / SUMS).write_text("2  vanilla/a\n", encoding="utf-8")
    assert len(first) == 12 and edition(tmp_path) != first and digest([tmp_path / SUMS]) != before


def test_runs_of_an_earlier_model_in_the_same_folder_are_not_taken_for_todays(
    tmp_path: Path,
) -> None:
    preset = Preset("demo", str(tmp_path / "vanilla"), "people")
    (tmp_path / SUMS).write_text("1  vanilla/a\n", encoding="utf-8")
    first = key_of(preset, Recipe(entity="p0"))
    assert same(first, key_of(preset, Recipe(entity="p0")))
    (tmp_path / SUMS).write_text("2  vanilla/a\n", encoding="utf-8")
    assert not same(first, key_of(preset, Recipe(entity="p0")))
    unmarked = {k: v for k, v in first.items() if k != "edition"}  # a line of before
    assert not same(unmarked, key_of(preset, Recipe(entity="p0")))
    elsewhere = Preset("demo", "another/model", "people")
    assert key_of(elsewhere, Recipe())["edition"] is None


def test_a_model_made_again_in_its_folder_and_another_benchmark_find_no_old_runs() -> None:
    preset = Preset("mine", "models/mine", "mllmu")
    kept = key_of(preset, Recipe(entity="001"), weights="first")
    assert same(kept, key_of(preset, Recipe(entity="001"), weights="first"))
    assert not same(kept, key_of(preset, Recipe(entity="001"), weights="second"))
    umu = Preset("mine", "models/mine", "umu")
    assert not same(kept, key_of(umu, Recipe(entity="001"), weights="first"))
    # A line of before has neither; it is of the lab's own people and models.
    demo = key_of(Preset("demo", "assets/model/vanilla", "people"), Recipe(), weights="any")
    old = {k: v for k, v in demo.items() if k not in ("weights", "benchmark", "data")}
    assert same(old, demo) and not same(old, {**demo, "benchmark": "mllmu"})


def test_what_a_look_ahead_gave_at_another_number_of_steps_is_made_again() -> None:
    preset = Preset("demo", "assets/model/vanilla", "people")
    for changes, new in (
        ({"silence_share": 0.5, "steps": 8}, True),
        ({"silence_share": 0.5, "steps": 20}, False),
        ({"silence_share": 1.0, "steps": 8}, False),
        ({"method": "vkd", "silence_share": 0.5, "steps": 8}, False),
    ):
        recipe = revise(Recipe(entity="001"), {"method": "silence", **changes})
        old = {**key_of(preset, recipe), "revision": None}
        assert same(old, key_of(preset, recipe)) is not new


# ---- what is measured


def test_what_models_know_is_asked_once_by_group(tiny, four, file: ResultFile) -> None:
    asked = knowledge.lines(four, {"p0"})
    sizes = {(line.measure, line.about): len(line.asks) for line in asked}
    # 3 views times 4 facts a person; names on 3 views in 2 wordings; 6 text questions
    assert sizes["forget_vqa", "everybody"] == 36 and sizes["forget_vqa", "left_out"] == 12
    assert sizes["forget_name", "left_out"] == sizes["names_other", "left_out"] == 6
    assert sizes["forget_qa", "left_out"] == 6 and sizes["general_qa", "nobody"] == 3
    assert not any(line.about == "strangers" for line in asked)  # this benchmark has none
    opened: list[str] = []

    def opener():
        opened.append("vanilla")
        return tiny

    knowledge.measure({"vanilla": opener}, asked[:2], file, quiet)
    again = ResultFile(file.path, {"models": "a"})
    knowledge.measure({"vanilla": opener}, asked[:2], again, quiet)
    assert opened == ["vanilla"] and len(again.rows) == 2
    knowledge.measure({"vanilla": opener}, asked, again, quiet)
    assert len(again.rows) == len(asked) and len({row["id"] for row in again.rows}) == len(asked)
    row = next(r for r in again.rows if r["measure"] == "general_qa")
    assert row["n"] == 3 and row["chance"] == 0.25 and 0 <= row["share"] <= 1


def test_strangers_are_asked_for_by_name_and_guessed_by_their_own_majority(four) -> None:
    seen = replace(
        four.pictures[0].questions[0], fact="hair", options=("long", "short"), answer="long"
    )
    answers = ("long", "long", "short")
    pictures = (*four.pictures, four.train_pictures[0])
    strangers = tuple(
        replace(p, id=f"s/{k}", questions=(replace(seen, id=f"s/{k}", answer=answer),))
        for k, (p, answer) in enumerate(zip(pictures, answers, strict=True))
    )
    found = {
        line.measure: line.asks
        for line in knowledge.lines(replace(four, strangers=strangers), ())
        if line.about == "strangers"
    }
    assert [a.guess for a in found["still_sees"]] == [1.0, 1.0, 0.0]
    names = found["names_other"]
    assert found["says_unknown"] == names and len({a.question.id for a in names}) == 3
    assert [a.question.text for a in names] == [
        "Tell me the name of this person?",
        "Please state the name of this person?",
        "Tell me the name of this person?",
    ]
    assert {"ada", "dorn", "chiara cole"} <= set(names[0].others)


def test_people_are_done_one_by_one_and_a_failure_is_a_row(
    bench: Workbench, file: ResultFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [make.recipe(entity=e.id, steps=1) for e in bench.benchmark.entities[:3]]
    done: list[str] = []
    own = everybody.one_run

    def one_run(bench, recipe, outcome, say):
        done.append(recipe.entity)
        if recipe.entity == "p1":
            raise LabError("no longer a number")
        return own(bench, recipe, outcome, say)

    monkeypatch.setattr(everybody, "one_run", one_run)
    everybody.measure(lambda: bench, plan[:1], file, quiet)
    again = ResultFile(file.path, {"models": "a"})
    everybody.measure(lambda: bench, plan, again, quiet)
    assert done == ["p0", "p1", "p2"]
    first, failed, last = again.rows
    assert failed["failed"] == "no longer a number" and failed["name"] == "Bruno Bell"
    assert first["id"] == "p0" and last["id"] == "p2" and first["text_logits_identical"] is True
    assert set(first["after"]) == set(first["before"]) >= {"forget_vqa", "retain_vqa"}


def test_the_same_model_is_no_nat_away_and_a_changed_one_is(tiny, four, file: ResultFile) -> None:
    from lab.model.adapter import new_adapter
    from lab.model.overlay import LANGUAGE

    torch.manual_seed(0)
    untouched, same_again = Version("base", tiny), Version("vanilla", tiny)
    talk = (("What is two plus one?", "three"), ("And why?", "it is so"))
    nats, tokens = general_text.divergence(general_text.Pair(untouched, same_again), talk)
    assert nats == 0.0 and tokens > 3
    delta = {
        f"{LANGUAGE}{n}": torch.randn_like(t) for n, t in new_adapter(tiny.model, 2, 0).items()
    }
    pair = general_text.Pair(untouched, Version("vanilla", tiny, delta))
    nats, counted = general_text.divergence(pair, talk)
    assert counted == tokens and nats == pytest.approx(by_hand(tiny, pair, talk), rel=1e-3)
    prompts = (("Hello there!",), ("What is a clock?", "And why?"))
    some = replace(four, test_prompts=prompts)
    opened: list[int] = []

    def opener() -> general_text.Pair:
        opened.append(1)
        return pair

    general_text.measure(opener, some, file, quiet)
    assert [row["id"] for row in file.rows] == ["prompt/00", "prompt/01", "questions"]
    assert file.rows[1]["turns"] == ["What is a clock?", "And why?"]
    assert len(file.rows[1]["untouched"]) == len(file.rows[1]["taught"]) == 2
    assert [len(file.rows[2][who]) for who in ("untouched", "taught")] == [3, 3]
    before = len(opened)
    general_text.measure(opener, some, ResultFile(file.path, {"models": "a"}), quiet)
    assert len(opened) == before


def by_hand(loaded, pair: general_text.Pair, talk) -> float:
    """The same divergence by the library's own forward, a plain row of tokens for every turn."""
    total = 0.0
    for turn, (question, answer) in enumerate(talk):
        prompt = list(loaded.prompter.conversation(talk[:turn], question, False))
        said = list(loaded.prompter.answer(answer, 0).ids)
        ids, logs = torch.tensor([prompt + said]), []
        for version in (pair.untouched, pair.taught):
            with version.on(), torch.no_grad():
                logits = loaded.model(input_ids=ids).logits[0, len(prompt) - 1 : -1]
            logs.append(torch.log_softmax(logits.float(), -1))
        total += float((logs[0].exp() * (logs[0] - logs[1])).sum())
    return total


def test_the_end_of_a_cut_answer_does_not_count(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = general_text.Pair(Version("base", tiny), Version("vanilla", tiny))
    _, whole = general_text.divergence(pair, (("Why?", "it is so"),))
    monkeypatch.setattr(general_text, "MOST_TOKENS", whole - 1)  # the answer fills it to the brim
    assert general_text.divergence(pair, (("Why?", "it is so"),))[1] == whole - 1


def test_attacks_are_done_one_by_one_on_one_run(bench: Workbench, file: ResultFile) -> None:
    short = AttackRecipe(steps=2, batch=1, probe_every=1)
    attacks = {"vision": short, "quantize": AttackRecipe(kind="quantize")}
    job = Job(make.recipe(steps=1), attacks)
    opened: list[int] = []

    def opener() -> Workbench:
        opened.append(1)
        return bench

    attack_table.measure(opener, [replace(job, attacks={"vision": short})], file, quiet)
    attack_table.measure(opener, [job], file, quiet)
    attack_table.measure(opener, [job], file, quiet)
    ids = [row["id"] for row in file.rows]
    assert ids == ["vkd", "vkd/depths", "vkd/vision", "vkd/quantize"]
    assert len(opened) == 2 and json.loads(file.path.read_text(encoding="utf-8"))["rows"]
    run, seen, trained, rounded = file.rows
    assert seen["depths"].keys() == {"original", "unlearned"}  # a tiny model has no control
    assert seen["depths"]["original"]["n_target"] == len(bench.benchmark.entities[0].test_images)
    assert run["after"]["forget_vqa"] == trained["before"] == rounded["before"]
    assert [step for step, _ in trained["curve"]] == [0, 1, 2] and trained["steps"] == 2
    assert trained["controls"] == {} and rounded["of"] == 3  # it rounds to 16, 8 and 4 bits


# ---- the command


def test_the_documents_are_written_without_torch() -> None:
    code = "import sys, assets.build.results; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=shared.MODELS.parents[1], check=True)


def test_the_shipped_models_are_told_the_one_that_knows_everybody_first() -> None:
    found = shared.shipped()
    (first, about), *others = found.items()
    assert first == "vanilla" and "unknown" not in about and others
    assert all(other["unknown"] for _, other in others)


def test_each_file_is_measured_once_for_the_models_of_today(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = replace(bench.benchmark, entities=bench.benchmark.entities[:2])
    lab = shared.Lab(0, tmp_path)
    lab.preset = replace(bench.preset, recipe=make.recipe(steps=1))
    lab.benchmark, lab.bench = one, replace(bench, benchmark=one)
    monkeypatch.setattr(
        attack_table, "ATTACKS", {"vkd": {"quantize": AttackRecipe(kind="quantize")}}
    )
    for name in ("people", "attacks"):
        results.MEASURES[name](lab)
        held = read(tmp_path / f"{name}.json")
        assert held and held["fits"]["models"] == edition() and held["fits"]["recipe"]["steps"] == 1
    kept = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    del lab.__dict__["bench"]  # to load it again would fail: there is no such model
    for name in ("people", "attacks"):
        results.MEASURES[name](lab)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == kept
    assert [row["id"] for row in json.loads(kept["people.json"])["rows"]] == ["p0", "p1"]
    assert [row["id"] for row in json.loads(kept["attacks.json"])["rows"]] == [
        "vkd",
        "vkd/depths",
        "vkd/quantize",
    ]


def test_the_waits_are_compared_only_where_their_file_is_not_there(
    four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def compare(*words: object) -> dict[str, str]:
        asked.append(words)
        return {"device": "cpu"}

    monkeypatch.setattr(against, "compare", compare)
    monkeypatch.setattr(against, "state", lambda: "today")
    lab = shared.Lab(0, tmp_path)
    lab.benchmark = four
    for _ in range(2):
        results.MEASURES["against"](lab)
    ((commit, entity, rounds, parts, out, _),) = asked
    assert (commit, entity, rounds) == (waits.FIRST_EDITION, "p0", waits.ROUNDS)
    assert parts == [*against.PARTS] and isinstance(out, Path) and out.name == "today"
    assert json.loads((tmp_path / against.RESULT).read_text(encoding="utf-8")) == {"device": "cpu"}


def test_a_study_is_made_of_kept_runs_and_measured_where_one_is_missing(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = shared.Lab(0, tmp_path)
    lab.preset = replace(bench.preset, recipe=make.recipe(steps=1, fisher_samples=4))
    # of a shipped model, as in the lab, no hash of the weights is asked for
    lab.benchmark, lab.bench = bench.benchmark, replace(bench, preset=lab.preset, base_hash="")
    two = Study("destination", tuple(Variant(str(b), {"beta": b}) for b in (0.0, 60.0)))
    monkeypatch.setattr("lab.experiments.studies.STUDIES", {"destination": two})
    monkeypatch.setattr(science, "STUDIED", 1)
    science.studies(lab)
    answer, runs = tmp_path / "study-destination.csv", tmp_path / "studies" / "runs.jsonl"
    first = answer.read_bytes()
    assert [p.name for p in runs.parent.iterdir()] == [runs.name]
    lines = runs.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    workbench = lab.__dict__.pop("bench")  # to load it again would fail: there is no such model
    science.studies(lab)
    assert answer.read_bytes() == first
    answer.unlink()
    lab.bench = workbench
    science.studies(lab)  # the runs are kept
    assert answer.read_bytes() == first
    assert runs.read_text(encoding="utf-8").splitlines() == lines


def test_the_shipped_studies_of_today_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("a run of a study is missing: python -m assets.build.results")

    monkeypatch.setattr(session, "open_workbench", opened)
    science.studies(shared.Lab(0))


def test_a_load_is_measured_row_by_row_and_goes_on_where_it_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def load(*flags: str) -> dict[str, Any]:
        asked.append(flags)
        if len(asked) == 3:
            raise LabError("cut off")
        return {"device": "cpu", "cores": 2, "users": 30}

    monkeypatch.setattr(waits, "loaded", load)
    lab = shared.Lab(3, tmp_path)
    with pytest.raises(LabError, match="cut off"):
        results.MEASURES["load"](lab)
    results.MEASURES["load"](lab)
    results.MEASURES["load"](lab)
    held = read(tmp_path / "load.json")
    assert held and [row["id"] for row in held["rows"]] == [*waits.LOADS]
    assert held["rows"][0]["device"] == "cpu, 2 cores" and held["rows"][0]["date"]
    assert len(asked) == 5 and asked[2] == asked[3]  # the row that was cut off is measured again
    assert [("--kill" in flags, "--model" in flags) for flags in asked] == [
        (False, True),
        (True, True),
        (False, False),
        (False, False),
        (True, False),
    ]
    assert asked[0][:4] == ("--users", "30", "--threads", "1") and asked[4][3] == "3"


def test_the_figures_of_a_load_are_what_the_command_prints() -> None:
    with pytest.raises(LabError, match="the load test ended without figures"):
        waits.loaded("--users", "0")


# ---- several processes


def one_of(monkeypatch: pytest.MonkeyPatch, folder: Path, at_once: int) -> None:
    monkeypatch.setenv(VARIABLE, f"0 {at_once} {folder}")


def test_processes_together_make_every_row_once_and_lose_none(tmp_path: Path, monkeypatch) -> None:
    one_of(monkeypatch, tmp_path, 2)
    one, other = (ResultFile(tmp_path / "some.json", {}) for _ in range(2))
    assert one.take("a b") and not other.take("a b") and other.take("a/c")
    one.add("a b", {"share": 0.5}, "gpu")
    other.add("a/c", {"share": 0.25}, "gpu")
    one.arrange(["a/c", "a b"])
    held = read(one.path)
    assert held and [row["id"] for row in held["rows"]] == ["a/c", "a b"]
    assert {row["at_once"] for row in held["rows"]} == {2}


def test_a_process_alone_takes_every_row_and_says_nothing_of_others(file: ResultFile) -> None:
    assert file.take("one") and file.take("one")
    file.add("one", {}, "gpu")
    assert "at_once" not in file.rows[0]


def test_devices_say_how_many_runs_shared_them() -> None:
    alone, shared = {"device": "gpu"}, {"device": "gpu", "at_once": 8}
    assert devices([alone, {"device": "cpu"}]) == "cpu, gpu"
    assert devices([shared, shared]) == "gpu (8 runs at once)"
    assert devices([alone, shared]) == "gpu (1 to 8 runs at once)"


def test_the_seconds_of_runs_beside_others_are_no_ones_own(tmp_path: Path, monkeypatch) -> None:
    people = ResultFile(tmp_path / "people.json", {"models": ""})
    row = {"steps": 4, "mask_density": 0.5, "stopped_because": "", "name": "A"}
    people.add("p1", {**row, "seconds": {"total": 10.0}}, "gpu")
    one_of(monkeypatch, tmp_path, 8)
    ResultFile(people.path, people.fits).add("p2", {**row, "seconds": {"total": 90.0}}, "gpu")
    said = people_times(tmp_path)
    assert "| total | 10.0 s | 10.0 s |" in said and "2 runs, the seconds of 1 that" in said


def test_only_measures_whose_rows_stand_alone_are_shared_by_processes(capsys) -> None:
    with pytest.raises(SystemExit):
        results.main(["--only", "bench", "--at-once", "2"])
    assert "people, attacks, frontier, another_face" in capsys.readouterr().err
