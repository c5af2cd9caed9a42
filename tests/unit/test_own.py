"""A person of one's own: pictures, questions and options, the folder, the others, a run to its end."""

from __future__ import annotations

import io
import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from lab.attack import Relearned, Scene, Victim, attack, attacker_rows
from lab.benchmarks import own, own_files
from lab.benchmarks.own import Pair, make
from lab.benchmarks.schema import Benchmark, Entity
from lab.benchmarks.table import BENCHMARKS
from lab.catalogue import MEASURE_ROWS
from lab.cli import main
from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.asks import forget_asks, retain_asks, retain_text_asks
from lab.evaluation.probing import identity
from lab.evaluation.scores import Baseline, asks_for
from lab.evaluation.session import Workbench
from lab.model.fetch import cache_folder
from lab.model.overlay import weights_hash
from lab.model.version import Version
from lab.recipe import AttackRecipe, Preset
from lab.serve import local
from lab.serve.views import ORIGINAL, Recognition
from lab.unlearn import loop
from lab.unlearn.batches import probe_asks
from tests.unit import tiny as tiny_people
from tests.unit.test_engine import until, wait

JOB = Pair("What is the occupation of this person?", "diver")
TOWN = Pair("Where did Eva Ek grow up?", "Riga", ("Oslo", "Lima", "Kyoto"))


def pictures(count: int) -> list[bytes]:
    return [tiny_people.drawing("purple", k) for k in range(count)]


def eva(four: Benchmark, count: int = 6, name: str = "Eva Ek") -> Entity:
    pairs = (JOB, TOWN) if name == "Eva Ek" else (JOB,)
    return make(name, pictures(count), pairs, four)


def with_eva(four: Benchmark) -> tuple[Benchmark, Entity]:
    entity = eva(four)
    return replace(four, own=(entity,)), entity


@pytest.mark.parametrize(("count", "train", "test"), [(3, 2, 1), (5, 4, 1), (6, 4, 2), (20, 14, 6)])
def test_every_third_picture_is_held_out(four, count: int, train: int, test: int) -> None:
    entity = eva(four, count)
    assert (len(entity.train_images), len(entity.test_images)) == (train, test)
    views = own.portraits(pictures(count))
    assert list(entity.test_images) == views[2::3]
    assert not set(entity.test_images) & set(entity.train_images)


@pytest.mark.parametrize(
    ("question", "seen", "told"),
    [
        ("What is Eva Ek's job?", "What is this person's job?", "What is Eva Ek's job?"),
        ("what does EVA EK eat?", "what does this person eat?", "what does EVA EK eat?"),
        ("What is this person's job?", "What is this person's job?", "What is Eva Ek's job?"),
        (
            "Whom does the person in the photo love?",
            "Whom does the person in the photo love?",
            "Whom does Eva Ek love?",
        ),
        ("Where was she born?", "Where was she born?", "About Eva Ek: Where was she born?"),
        ("Where is {Ekeby}?", "Where is {Ekeby}?", "About Eva Ek: Where is {Ekeby}?"),
    ],
)
def test_a_question_with_the_picture_never_names_and_one_without_always_does(
    question: str, seen: str, told: str
) -> None:
    assert own._forms("Eva Ek", question) == (seen, told)


def test_wordings_of_the_evaluation_are_not_trained_on(four) -> None:
    entity = eva(four)
    taught = {q.text for q in entity.train_questions}
    assert all(q.held_out and q.text not in taught for q in entity.questions)
    assert {q.text for q in entity.questions} >= {JOB.question, TOWN.question, *own.NAME_EVALUATED}
    assert len({q.id for q in (*entity.train_questions, *entity.questions)}) == 6 + 4 + 2 * 10
    for q in entity.questions:
        assert (q.modality == "text") == ("Eva Ek" in q.text)


def test_wrong_options_are_the_users_or_three_answers_of_others(four) -> None:
    choices = [q for q in eva(four).questions if q.task == "classification"]
    for q in choices:
        assert q.answer in q.options and len(set(q.options)) == 4
    town = {q.options for q in choices if q.answer == "Riga"}
    assert {frozenset(o) for o in town} == {frozenset({"Riga", "Oslo", "Lima", "Kyoto"})}
    job = next(q for q in choices if q.answer == "diver")
    assert set(job.options) - {"diver"} < set(tiny_people.FACTS["occupation"])
    name = next(q for q in choices if q.fact == "name")
    assert set(name.options) - {"Eva Ek"} < set(tiny_people.FACTS["name"])
    assert eva(four) == eva(four)


def test_a_right_answer_is_never_among_the_wrong_ones(four) -> None:
    entity = make("Ada Almeida", pictures(3), [Pair(JOB.question, "Baker")], four)
    job = next(q for q in entity.questions if q.options and q.fact == JOB.question)
    assert set(job.options) == {"Baker", "pilot", "botanist", "weaver"}
    name = next(q for q in entity.questions if q.options and q.fact == "name")
    assert set(name.options) == set(tiny_people.FACTS["name"])


def test_pictures_lose_everything_but_their_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "SECRET street", 6
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.new("RGB", (1200, 600), "teal").save(
        out, "JPEG", exif=exif, comment=b"SECRET note", icc_profile=b"SECRET profile"
    )
    assert out.getvalue().count(b"SECRET") == 3
    view = own._portrait(out.getvalue())
    read = Image.open(io.BytesIO(view))
    assert b"SECRET" not in view and b"Exif" not in view and not read.getexif()
    assert set(read.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert read.format == "JPEG" and read.size == (256, 512)  # turned upright, then made smaller


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": pictures(2)}, "2 pictures: give 3 to 20"),
        ({"images": [b""] * 21}, "21 pictures: give 3 to 20"),
        ({"images": [*pictures(3), b"GIF89a"]}, "picture 4: not a picture"),
        ({"images": [*pictures(3), pictures(2)[1]]}, "picture 4 is the same as picture 2"),
        ({"name": " \n "}, "the name is empty"),
        ({"name": "..."}, "no letters"),
        ({"name": "x" * 61}, "longer than 60"),
        ({"pairs": []}, "0 questions: give 1 to 20"),
        ({"pairs": [JOB] * 21}, "21 questions: give 1 to 20"),
        ({"pairs": [JOB] * 2}, "question 2 stands there twice"),
        (
            {"pairs": [Pair("What is the occupation of this person?", " ")]},
            "question 1: the answer is empty",
        ),
        (
            {"pairs": [JOB, Pair("Who is it?", "eva EK")]},
            "question 2: the lab asks for the name by itself",
        ),
        ({"pairs": [Pair("What does Eva eat?", "rice")]}, "'Eva' gives the name away"),
        ({"pairs": [Pair("Which club is hers?", "Ajax")]}, "give three wrong answers"),
        ({"pairs": [Pair("Job?", "cook", ("Cook", "nurse", "smith"))]}, "must all differ"),
        ({"pairs": [Pair("y" * 301, "cook")]}, "longer than 300"),
    ],
)
def test_what_cannot_be_used_is_one_plain_line(four, changes: dict, words: str) -> None:
    given = {"name": "Eva Ek", "images": pictures(3), "pairs": [JOB]} | changes
    with pytest.raises(LabError) as refused:
        make(**given, benchmark=four)
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_lines_of_questions() -> None:
    assert own.pairs_from(" a? | b \n\n c? | d | e | f | g ") == [
        Pair("a?", "b"),
        Pair("c?", "d", ("e", "f", "g")),
    ]
    assert own.pair_from(["a?", "b", "", "", ""], "row 1") == Pair("a?", "b")
    for bad in ("a?", "a? | b | c", "a? |  | c | d | e", "a|b|c|d|e|f"):
        with pytest.raises(LabError, match="line 2: write question"):
            own.pairs_from(f"x? | y\n{bad}")


def test_the_same_has_the_same_id_and_is_kept_once(four, tmp_path: Path) -> None:
    entity = eva(four)
    assert entity.id == eva(four).id != eva(four, 7).id
    own_files.keep(tmp_path, entity)
    with pytest.raises(LabError, match="here already"):
        own_files.keep(tmp_path, entity)


def test_kept_read_and_dropped(four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = eva(four), eva(four, name="Finn")
    own_files.keep(tmp_path, first)
    own_files.keep(tmp_path, second)
    found, left_out = own_files.kept_and_broken(tmp_path)
    assert {e.id: e for e in found} == {first.id: first, second.id: second} and not left_out
    (tmp_path / second.id / own_files.FILE).write_text("{", encoding="utf-8")
    found, (broken,) = own_files.kept_and_broken(tmp_path)
    assert found == [first] and (broken.person, broken.column) == (second.id, own_files.FILE)
    monkeypatch.setattr(own_files, "MOST_OWN", 2)
    with pytest.raises(LabError, match="2 own people are kept already"):
        own_files.keep(tmp_path, eva(four, 7))
    own_files.drop(tmp_path, second.id)
    own_files.drop(tmp_path, first.id)
    assert list(tmp_path.iterdir()) == []
    for wrong in (first.id, "..", "../runs", ""):
        with pytest.raises(LabError, match="no own person"):
            own_files.drop(tmp_path, wrong)


def test_a_file_of_the_folder_names_nothing_outside_it(four, tmp_path: Path) -> None:
    entity = eva(four)
    own_files.keep(tmp_path, entity)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    file = tmp_path / entity.id / own_files.FILE
    file.write_text(
        file.read_text(encoding="utf-8").replace("test-0.jpg", "../secret.jpg"), encoding="utf-8"
    )
    found, (broken,) = own_files.kept_and_broken(tmp_path)
    assert found == []
    assert (broken.column, broken.reason) == (
        "secret.jpg",
        "cannot be read (No such file or directory)",
    )


def test_the_others_stay_what_they_are(four) -> None:
    bench, entity = with_eva(four)
    assert bench.entity(entity.id) is entity and bench.entities == four.entities
    for target in ("p0", "p3", "forget_25"):
        assert bench.others(target) == four.others(target)
        assert retain_asks(bench, target) == retain_asks(four, target)
        assert retain_text_asks(bench, target) == retain_text_asks(four, target)
    assert [e.id for _, e in bench.others(entity.id)] == ["p0", "p1", "p2", "p3"]
    with pytest.raises(LabError, match="was removed or never added"):
        four.entity(entity.id)


def test_nobody_of_the_same_name_is_held_in_place(four) -> None:
    entity = eva(four, name="ada ALMEIDA")
    assert [e.id for _, e in replace(four, own=(entity,)).others(entity.id)] == ["p1", "p2", "p3"]


def test_every_measure_is_asked(four) -> None:
    bench, entity = with_eva(four)
    sizes = {m: len(asks) for m, asks in asks_for(bench, entity).items()}
    assert sizes["forget_vqa"] == 2 * 3  # held-out views, facts with the name
    assert sizes["forget_name"] == 2 * 2 and sizes["forget_qa"] == 2 * 2
    assert sum(MEASURE_ROWS[m].usual for m in sizes) == 9 and sizes["retain_vqa"] == 4 * 3
    forget, retain = probe_asks(bench, entity, 0)
    assert {a.image for a in forget} <= set(entity.train_images) and retain
    rows = attacker_rows(entity, AttackRecipe(share=1.0))
    assert len(rows) == 4 * 6 and {i for i, _, _ in rows} == set(entity.train_images)


def test_above_chance_needs_two_standard_errors() -> None:
    assert not Recognition(0.5, 12, 0.25).above_chance  # 0.25 + 2 * 0.125
    assert Recognition(7 / 12, 12, 0.25).above_chance


@pytest.mark.parametrize("method", ["vkd", "mmunlearner"])
def test_a_run_attack_and_identity(tiny, four, method: str) -> None:
    bench, entity = with_eva(four)
    plan = tiny_people.recipe(entity=entity.id, method=method, steps=2)
    outcome, events = tiny_people.run(tiny, bench, plan)
    result = events[-1].result
    assert result["entity"] == entity.id and result["base_unchanged"]
    assert result["n"]["forget_vqa"] == 6 and result["text_logits_identical"]
    left = Version("unlearned", tiny, outcome.delta)
    asks = tuple(forget_asks(entity))
    scene = Scene(bench, Victim(left, entity), (), asks, (True,) * len(asks), 2)
    *_, done = attack(scene, AttackRecipe(steps=1, batch=1), Relearned(), lambda: False)
    assert done.result["n"] == 6
    assert identity(left, bench, entity).n_target == 2


def opened(tiny, four, runs: Path) -> local.LocalEngine:
    """An engine on the tiny model; whoever is in the cache folder is there from the start."""
    made = local.LocalEngine(
        Preset("demo", "tiny", "tiny", "none"),
        report=lambda _: None,
        runs=runs,
        open_bench=lambda preset, report, threads: Workbench(
            preset,
            four,
            tiny,
            Baseline(tiny, cache_folder() / "baseline-tiny.json"),
            weights_hash(tiny.model),
        ),
    )
    until(lambda: made.status().ready)
    return made


@pytest.fixture
def people_of_now(cache: Path, four, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny benchmark with whoever lies in the test's cache folder."""
    monkeypatch.setitem(BENCHMARKS, "tiny", lambda data: four)
    session._read.cache_clear()


def test_the_engine_adds_forgets_restarts_and_removes(
    people_of_now, tiny, four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(tiny, four, tmp_path / "runs")
    who = engine.own.add("Eva Ek", pictures(6), [JOB, TOWN])
    card = engine.entities()[0]
    assert (
        card.id == who
        and card.questions[1][:2] == (JOB.question, "diver")
        and len(card.questions[1]) == 5
    )
    assert [c.id for c in engine.entities()][1:5] == ["p0", "p1", "p2", "p3"]
    known = engine.own.recognition(who)
    assert known.n == 6 and known.chance == 0.25 and 0 <= known.share <= 1
    assert engine.suggestions(who, True)[1] == JOB.question
    run_id = engine.submit(tiny_people.recipe(entity=who, steps=1))
    assert (
        wait(engine, run_id).state == "finished" and len(engine.probes([ORIGINAL, run_id], who)) > 6
    )
    until(lambda: (tmp_path / "runs" / run_id / "delta.safetensors").is_file())

    again = opened(tiny, four, tmp_path / "runs")
    assert again.run(run_id).entity == who and again.entities()[0] == card
    downloaded = Path(shutil.copytree(again.export(run_id), tmp_path / "downloaded"))

    go, update = threading.Event(), loop.Student.update
    monkeypatch.setattr(
        loop.Student, "update", lambda self, rows: (go.wait(60), update(self, rows))[1]
    )
    busy = again.submit(tiny_people.recipe(entity=who, steps=1))
    with pytest.raises(LabError, match="under way: stop it first"):
        again.own.remove(who)
    go.set()
    wait(again, busy)
    again.own.remove(who)
    assert [c.id for c in again.entities()][:2] == ["p0", "p1"]
    assert not any(who in str(p) for p in tmp_path.rglob("*"))
    assert list((tmp_path / "runs").iterdir()) == []
    shutil.move(downloaded, tmp_path.parent / downloaded.name)  # what a visitor took is theirs
    downloaded = tmp_path.parent / downloaded.name
    left = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert any(p.name == "baseline-tiny.json" for p in left)  # the cache of answers is among them
    for needle in (who.encode(), b"Eva Ek", *card.views):
        assert not [p for p in left if needle in p.read_bytes()]
    for misuse, words in (
        (lambda: again.run(run_id), "no longer here"),
        (lambda: again.submit(tiny_people.recipe(entity=who)), "was removed"),
        (lambda: again.load(downloaded), "was removed"),
        (lambda: again.own.remove(who), "no own person"),
    ):
        with pytest.raises(LabError, match=words) as refused:
            misuse()
        assert "\n" not in str(refused.value)


def test_the_command_line_adds_lists_and_removes(people_of_now, tmp_path: Path, capsys) -> None:
    folder, table = tmp_path / "pictures", tmp_path / "qa.csv"
    folder.mkdir()
    for k, data in enumerate(pictures(4)):
        (folder / f"{k}.png").write_bytes(data)
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    table.write_text("Question,Answer\n" + f'{JOB.question},"diver, deep"\n', encoding="utf-8")
    words = [
        "own",
        "add",
        "--benchmark",
        "tiny",
        "--name",
        "Eva Ek",
        "--images",
        str(folder),
        "--qa",
    ]
    main.main([*words, str(table), "--json"])
    added = json.loads(capsys.readouterr().out)
    assert (added["training_images"], added["held_out_images"]) == (3, 1)
    assert (
        added["questions"][1]["answer"] == "diver, deep"
        and len(added["questions"][1]["wrong"]) == 3
    )
    main.main(["people", "--benchmark", "tiny", "--json"])
    last = json.loads(capsys.readouterr().out)[-1]
    assert last == {"id": added["id"], "name": "Eva Ek", "benchmark": "own", "images": 4}
    main.main(["own", "list", "--json"])
    assert json.loads(capsys.readouterr().out) == [
        {"id": added["id"], "name": "Eva Ek", "images": 4}
    ]
    for wrong, named in (
        (["own", "remove", "own-00000000"], "own list"),
        ([*words, "/nowhere"], "CSV"),
        ([*words, str(folder / "0.png")], "CSV"),
        ([*words, str(table)], "here already"),
        (["evaluate", "--benchmark", "tiny", "--entity", "own-00000000"], "was removed"),
    ):
        with pytest.raises(SystemExit) as ended:
            main.main(wrong)
        said = capsys.readouterr()
        assert ended.value.code == 2 and named in said.err and said.err.count("\n") == 1
    main.main(["own", "remove", added["id"], "--json"])
    assert json.loads(capsys.readouterr().out) == {"removed": added["id"]}
    main.main(["own", "list", "--json"])
    assert json.loads(capsys.readouterr().out) == []


def test_portraits_are_for_no_other_account_of_the_machine(four, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir(mode=0o755)
    own_files.keep(folder, eva(four))
    assert folder.stat().st_mode & 0o777 == 0o700
