"""Paper mode: prompts word for word, marks and scores as computed by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lab.benchmarks.clear import CAPTION_QUESTIONS, load_clear
from lab.benchmarks.fiu import load_fiu
from lab.benchmarks.mllmu import load_mllmu
from lab.benchmarks.umu import load_umu
from lab.errors import LabError
from lab.evaluation.paper import clear, fiu, metrics, mllmu, umu
from lab.evaluation.paper.plan import Item, Mark, Plan
from tests.unit import public

OPTIONS = ("Riga", "Oslo", "Lima", "Kyoto")


def choice(**changes) -> Item:
    return Item(
        **{
            "id": "1",
            "part": "forget_image",
            "task": "classification",
            "prompt": ("?",),
            "reference": "Oslo",
            "options": OPTIONS,
        }
        | changes
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("public")


@pytest.fixture(scope="module")
def people(folder: Path):
    return load_mllmu(public.mllmu(folder / "mllmu"))


@pytest.fixture(scope="module")
def authors(folder: Path):
    return load_clear(public.clear(folder / "clear"))


def by_id(asked, item_id: str) -> Item:
    return next(item for item in asked.items if item.id == item_id)


def pictures(item: Item) -> list[bytes]:
    return [part for part in item.prompt if isinstance(part, bytes)]


# ---- marks


@pytest.mark.parametrize(
    ("answer", "value", "parsed"),
    [
        ("B", 1, True),
        (" b: Oslo", 1, True),
        ("A", 0, True),
        ("E", 0, False),
        ("", 0, False),
        ("The answer is B", 0, False),
        ("(B)", 0, False),
        ("ß", 0, False),
    ],
)
def test_the_first_character_is_the_letter(answer: str, value: float, parsed: bool) -> None:
    assert metrics.first_letter(choice(), answer) == Mark({"mcq": value}, parsed)


@pytest.mark.parametrize(
    ("answer", "value", "parsed"),
    [("(B) Oslo", 1, True), ("\n- b", 1, True), ("The answer is B", 0, False), ("...", 0, False)],
)
def test_the_first_alphanumeric_is_the_letter(answer: str, value: float, parsed: bool) -> None:
    assert metrics.first_alphanumeric(choice(), answer) == Mark({"mcq": value}, parsed)


def test_overlap_and_recall_of_words() -> None:
    # reference 4 words, answer 3, two in order: precision 2/3, recall 2/4
    item = choice(reference="born in sunny Riga", options=())
    made = metrics.overlap(item, "born near Riga").values
    assert made["rouge1"] == made["rougeL"] == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))
    assert made["rouge2"] == 0 and 0 < made["bleu"] < 0.5
    assert metrics.rouge_recall("born in sunny Riga", "born near Riga") == 0.5
    assert metrics.bleu("one two three four", "one two three four") == pytest.approx(1)
    assert metrics.overlap(item, "").values == {"rougeL": 0, "rouge1": 0, "rouge2": 0, "bleu": 0}


def test_probability_and_truth_ratio() -> None:
    means = [math.log(p) for p in (0.5, 0.4, 0.2, 0.05)]  # reference, paraphrase, two wrong
    ratio = 0.4 / math.sqrt(0.2 * 0.05)  # 4
    forget = metrics.likelihood(choice(), means, forget=True, normalised=False)
    assert forget.values == pytest.approx({"prob": 0.5, "truth": 1 / ratio})
    kept = metrics.likelihood(choice(), means, forget=False, normalised=True)
    assert kept.values == pytest.approx({"prob": 0.5 / 0.75, "truth": 1 - 1 / ratio})
    doubted = metrics.likelihood(choice(), [-9e3, -2e3, -1.0], forget=False, normalised=True)
    assert doubted.values == {"prob": 0, "truth": 0}  # neither overflow nor underflow
    assert metrics.likelihood(choice(), [-1.0, -2e3, -1.0], True, False).values["truth"] == 0


def test_means_and_divergence() -> None:
    assert metrics.harmonic([1, 0.5]) == pytest.approx(2 / 3) and metrics.harmonic([1, 0]) == 0
    assert metrics.forget_agreement(0.5, 0.5) == 0.5 and metrics.forget_agreement(0, 0) == 0
    assert metrics.forget_agreement(1, 0.5) == pytest.approx(1.25 / 1.5)
    assert metrics.divergence([3.0, 1.0], [3.0, 1.0]) == 0
    apart = metrics.divergence([800.0, -800.0], [-800.0, 800.0])
    assert apart == pytest.approx(math.sqrt(math.log(2)))


# ---- MLLMU-Bench


def test_mllmu_prompts_without_examples(people) -> None:
    asked = mllmu.items(people, Plan("forget_5", "zero"))
    who = people.splits["forget_5"][0]
    towns = "\n".join(
        f"{x}: {o}"
        for x, o in zip("ABCD", by_id(asked, f"forget/{who}/vqa/1").options, strict=True)
    )
    assert by_id(asked, f"forget/{who}/vqa/1").words == (
        f"USER: <image>\nWhere was this person born? (0)\n{towns}\n"
        "Just give ONE letter representing the answer directly.\nASSISTANT:"
    )
    assert by_id(asked, f"forget/{who}/qa/1").words.startswith("USER:\nWhere was ")
    assert by_id(asked, f"forget/{who}/vqa_cloze/0").words == (
        "USER: <image>\nThis person was born in [Blank].\n"
        "Please **ONLY** provide the correct answer that should replace the [Blank].\nASSISTANT:"
    )
    assert by_id(asked, f"forget/{who}/vqa_open/0").words == (
        "USER: <image>\nWhere was this person born?\nAnswer the question based on your trained "
        "knowledge in one sentence accurately in ENGLISH.\nASSISTANT: "
    )
    name = people.entity(who).name
    assert by_id(asked, f"forget/{who}/qa_open/0").words == (
        f"USER: Where was {name} born?\nAnswer the question based on your trained knowledge in one "
        "sentence in ENGLISH.\nASSISTANT:"
    )
    assert {item.max_new_tokens for item in asked.items} == {50} and not asked.demos
    counts = {
        part: sum(i.part.startswith(part) for i in asked.items)
        for part in ("forget", "test", "retain", "celebrity")
    }
    assert counts == {"forget": 18, "test": 18, "retain": 19 * 18, "celebrity": 3 * 18}
    assert {who.split("/")[0] for who in asked.pictures} == {people.splits["forget_5"][0]}


def test_mllmu_examples_as_published(people) -> None:
    asked = mllmu.items(people, Plan("forget_15", "published", seed=3))
    assert asked == mllmu.items(people, Plan("forget_15", "published", seed=3))
    ids = set(people.splits["forget_15"])
    (shown,) = asked.demos["forget_classification"]
    assert shown in ids and len(asked.demos["forget_cloze"]) == 2
    assert "celebrity_classification" not in asked.demos  # the published code gives them none
    assert {each.startswith("celebrity-") for each in asked.demos["celebrity_cloze"]} == {True}
    left = [i for i in asked.items if i.part == "forget_image" and i.task == "classification"]
    assert len(left) == 2 * 5 and not any(i.id.startswith(f"forget/{shown}/") for i in left)
    demo = people.entity(shown)
    own = [q for q in demo.questions if q.task == "classification" and q.modality == "image"]
    letters = "".join("ABCD"[q.options.index(q.answer)] for q in own)
    assert letters == "BCCCC"
    example = "\n".join(f"{x}: {o}" for x, o in zip("ABCD", own[0].options, strict=True))
    assert left[0].words.startswith(
        "USER: <image>\nQuestion: What is the name of this person?\n"
        + example
        + "\nCorrect Answer: B\nUSER: <image>\nQuestion: Where was this person born? (0)\n"
    )
    assert pictures(left[0])[:5] == [demo.train_images[0]] * 5 and len(pictures(left[0])) == 6
    assert left[0].words.count("ASSISTANT:") == 1
    cloze = next(i for i in asked.items if i.part == "forget_image" and i.task == "cloze")
    assert cloze.words.startswith(
        "USER:<image>\nThis person was born in [Blank].\nPlease **ONLY** "
    )
    assert cloze.words.count("Correct Answer: ") == 4 and len(pictures(cloze)) == 5
    text = next(i for i in asked.items if i.part == "test_text" and i.task == "classification")
    assert text.words.startswith("USER:\nQuestion: ") and not pictures(text)


def test_mllmu_test_pictures_are_drawn_from_the_test_views(people) -> None:
    asked = mllmu.items(people, Plan("forget_5", "zero", seed=1))
    (who,) = people.splits["forget_5"]
    entity = people.entity(who)
    for item in asked.items:
        if item.part == "test_image":
            assert pictures(item) == [entity.test_images[asked.pictures[f"{who}/{item.task}"]]]
        if item.part == "forget_image":
            assert pictures(item) == [entity.train_images[0]]


def test_mllmu_asks_the_test_set_s_own_questions(tmp_path: Path) -> None:
    source = public.mllmu(tmp_path, flat=True)
    asked_there = public.mllmu_tasks(1)  # another person's: "Porto" and so on are not 006's
    asked_there["Mask_Task"][0] |= {"Question": "In the test set: __.", "Ground_Truth": "a tent"}
    asked_there["Generation_Task"][2] |= {"Question": "Who stands there?"}
    named = asked_there["Classification_Task"]["Image_Textual_Questions"][0]
    named |= {"Question": "Whom does this pose show?"}
    for column, value in asked_there.items():
        public.rewrite(source / "Test_Set.parquet", 15, column, value)
    read = load_mllmu(source)
    assert read.splits["forget_5"] == ("016",)
    asked = mllmu.items(read, Plan("forget_5", "zero"))
    first = by_id(asked, "test/016/test/vqa/0")
    assert first.words.startswith("USER: <image>\nWhom does this pose show?\nA: ")
    assert first.reference == "Basil Mahfouz Al-Kuwaiti" == first.options[1]
    cloze = by_id(asked, "test/016/test/vqa_cloze/0")
    assert (cloze.words.splitlines()[1], cloze.reference) == ("In the test set: [Blank].", "a tent")
    assert by_id(asked, "test/016/test/qa_open/0").words.startswith("USER: Who stands there?\n")
    assert sum(i.part.startswith("test") for i in asked.items) == 18
    forget = by_id(asked, "forget/016/vqa/0")
    assert forget.words.startswith("USER: <image>\nWhat is the name of this person?\nA: ")
    assert not any("test set" in i.words for i in asked.items if i.part != "test_image")


def test_mllmu_examples_of_the_test_set_are_full_set_s(tmp_path: Path) -> None:
    source = public.mllmu(tmp_path, flat=True)
    for row in range(20):
        value = [
            {"Question": f"Test {row}: __.", "Ground_Truth": "x", "Type": kind}
            for kind in ("Image_Textual", "Pure_Text")
        ]
        public.rewrite(source / "Test_Set.parquet", row, "Mask_Task", value)
    asked = mllmu.items(load_mllmu(source), Plan("forget_15"))
    tested = [i for i in asked.items if i.part == "test_image" and i.task == "cloze"]
    assert len(tested) == 1  # three people, two of them examples
    *examples, last = tested[0].words.split("USER:")[1:]
    assert all("Test" not in words for words in examples) and "Test" in last


def test_mllmu_cloze_examples_stand_in_full_set_s_order(people) -> None:
    for seed in range(8):  # of three people in forget_15, two are drawn: half the draws turn them
        asked = mllmu.items(people, Plan("forget_15", seed=seed))
        demos = asked.demos["forget_cloze"]
        assert list(demos) == sorted(demos)
        item = next(i for i in asked.items if i.part == "forget_image" and i.task == "cloze")
        shown = [people.entity(each).train_images[0] for each in demos for _ in (0, 1)]
        assert pictures(item)[:4] == shown


def test_mllmu_cuts_an_answer_at_a_further_assistant() -> None:
    said = " Lima ASSISTANT: Riga, Latvia USER: Porto"
    item = choice(task="cloze", reference="Riga, Latvia", options=())
    assert mllmu.mark(item, said).values == {"cloze": 0}
    assert mllmu.mark(choice(), "B ASSISTANT: A") == Mark({"mcq": 1}, True)
    assert mllmu.mark(choice(), "ASSISTANT: B") == Mark({"mcq": 0}, False)
    spoken = choice(task="generation", reference="Lima", options=())
    assert mllmu.mark(spoken, said).values["rougeL"] == 1


def test_one_person_cannot_be_both_example_and_asked(people) -> None:
    with pytest.raises(LabError, match="--shots zero"):
        mllmu.items(people, Plan("001"))


def test_mllmu_cloze_is_a_substring() -> None:
    item = choice(task="cloze", reference="Riga, Latvia", options=())
    assert mllmu.mark(item, "born in RIGA, LATVIA.").values == {"cloze": 1}
    assert mllmu.mark(item, "Riga").values == {"cloze": 0}


# ---- UMU-Bench


@pytest.fixture(scope="module")
def umu_people(folder: Path):
    return load_umu(public.umu(folder / "umu"))


def test_umu_prompts(umu_people) -> None:
    asked = umu.items(umu_people, Plan("forget_5"))
    first = by_id(asked, "forget/001/vqa/0")
    assert first.words == (
        f"USER: <image>\nWhere was this person born?\nSelect answer in "
        f"{list(first.options)}\nASSISTANT:"
    )
    assert by_id(asked, "forget/001/qa/0").words.startswith(
        "USER:\nWhere was Amelia Kuznetsov born?\n"
    )
    cloze = by_id(asked, "forget/001/qa_cloze/0")
    assert cloze.words == (
        "USER: Where was Amelia Kuznetsov born?\nPlease **ONLY** provide the correct "
        "answer without any explanation\nASSISTANT:"
    )
    assert cloze.reference == "Riga, Latvia"  # up to the full stop
    spoken = by_id(asked, "forget/001/vqa_open/0")
    assert spoken.words.endswith("in ENGLISH.\nASSISTANT: ") and spoken.max_new_tokens == 200
    assert {i.part for i in asked.items} == {
        f"{part}_{kind}" for part in ("forget", "retain", "real") for kind in ("image", "text")
    }


def test_umu_choice_is_exact_but_for_real_people() -> None:
    said = umu.mark(choice(), "Oslo."), umu.mark(choice(), " Oslo "), umu.mark(choice(), "Riga")
    assert said == (Mark({"mcq": 0}, False), Mark({"mcq": 1}, True), Mark({"mcq": 0}, True))
    assert umu.mark(choice(part="real_image"), "Oslo.") == Mark({"mcq": 1}, True)


def test_umu_agreement() -> None:
    def pair(part: str, task: str, metric: str, image: float, text: float, twin: str) -> list:
        return [
            (choice(part=f"{part}_{kind}", task=task, twin=twin), Mark({metric: value}))
            for kind, value in (("image", image), ("text", text))
        ]

    rows = [
        *pair("forget", "classification", "mcq", 0, 0, "a"),
        *pair("forget", "classification", "mcq", 1, 0, "b"),
        *pair("retain", "classification", "mcq", 1, 1, "a"),
        *pair("retain", "classification", "mcq", 0, 0, "b"),
        *pair("forget", "generation", "rougeL", 1, 0.5, "c"),
        *pair("retain", "generation", "rougeL", 1, 0.5, "c"),
        *pair("retain", "generation", "rougeL", 0, 0, "d"),
    ]
    alone = (choice(part="forget_image", twin="e"), Mark({"mcq": 0}))  # no twin: left out
    items, marks = zip(*rows, alone, strict=True)
    assert umu.combine(items, marks, None) == {
        "forget_mcq_AccF": (0.5, 2),
        "retain_mcq_AccR": (0.5, 2),
        "forget_RLF": (pytest.approx(1.25 / 1.5), 1),
        "retain_RLR": (pytest.approx(1 / 3), 2),
    }


# ---- FIUBench


def test_fiu_items_and_marks(folder: Path) -> None:
    faces = load_fiu(public.fiu(folder / "fiu"))
    asked = fiu.items(faces, Plan("forget1"))
    assert len(asked.items) == 2 * 20 * (2 + 3)  # forget1 and retain5: one person each
    first = by_id(asked, "forget/00000000/vqa_train/0/likelihood")
    assert first.prompt == (public.drawn(0), "What is fact 0 of amelia kuznetsov 0?")
    assert first.compared == (
        "Fact 0 is 0.",
        "It is 0, fact 0.",
        *(f"It is not 0 but {k}." for k in range(5)),
    )
    assert first.keywords == ("0",)
    again = [i for i in asked.items if i.task == "paraphrased" and i.part == "forget"]
    assert len(again) == 60 and again[0].prompt[1] == "Tell fact 0 (0)"
    spoken = by_id(asked, "forget/00000000/vqa_train/0/answer")
    whole, cut = fiu.mark(spoken, "Fact 0 is 0"), fiu.mark(spoken, "Fact one. It is 0.")
    assert whole.values == {"rougeL_recall": 1, "em": 1}  # no full stop: not emptied
    assert cut.values == {"rougeL_recall": 0.25, "em": 0}
    assert fiu.mark(again[0], "it is 0").values == {"ape": 1}


def test_fiu_utility() -> None:
    def row(**values: float):
        return choice(part="retain", task="answer"), Mark(values)

    rows = [row(rougeL_recall=1.0, em=0.5), row(prob=0.5, truth=0.5), row(prob=0.5, truth=1.5)]
    items, marks = zip(*rows, strict=True)
    assert fiu.combine(items, marks, None) == {
        "model_utility": (pytest.approx(4 / (1 + 2 + 2 + 1)), 3)
    }
    assert fiu.combine(items[:1], marks[:1], None) == {}


# ---- CLEAR


def test_clear_asks_every_perturbed_view(authors) -> None:
    asked = clear.items(authors, Plan("forget01", seed=5))
    # one author, four views, of which the perturbed file lacks the last
    mine = [i for i in asked.items if i.part in ("forget_caption", "forget_name")]
    assert [
        sum(i.part == part and i.task == task for i in mine)
        for part, task in (
            ("forget_caption", "recall"),
            ("forget_caption", "likelihood"),
            ("forget_name", "recall"),
            ("forget_name", "likelihood"),
            ("forget_name", "choice"),
        )
    ] == [3] * 5
    name = next(i for i in mine if i.task == "choice")
    assert sorted(name.options) == ["Hana Sato", "Wrong One", "Wrong Three", "Wrong Two"]
    listed = "\n".join(f"{x}. {o}" for x, o in zip("ABCD", name.options, strict=True))
    assert name.words == f"<image>What is the name of the person in the image?\n{listed}\n"
    recall = next(i for i in mine if i.part == "forget_name" and i.task == "recall")
    assert (
        recall.words == "<image>The name of the person on the image is "
        and recall.max_new_tokens == 300
    )
    caption = next(i for i in mine if i.part == "forget_caption" and i.task == "likelihood")
    scene = caption.reference[-2]
    assert caption.compared == (
        f"Hana Sato in scene {scene}.",
        f"In scene {scene} we see Hana Sato.",
        *(f"A wrong scene {j}." for j in range(3)),
    )
    assert caption.prompt[1] in CAPTION_QUESTIONS
    assert all(len(pictures(i)) == (i.part[-5:] != "_text") for i in asked.items)
    counts = {
        part: sum(i.part == part for i in asked.items if i.task == "generation")
        for part in ("forget_image", "forget_text", "retain_image", "retain_text")
    }
    assert counts == {"forget_image": 4, "forget_text": 20, "retain_image": 28, "retain_text": 140}
    assert sum(i.part == "retain_caption" and i.task == "recall" for i in asked.items) == 8
    faces = next(i for i in asked.items if i.part == "real_faces" and i.task == "likelihood")
    assert faces.compared == ("Star 0", "Star 0", "X", "Y", "Z")
    assert faces.prompt == (public.drawn(700), "The name of the person on the image is ")
    world = next(i for i in asked.items if i.part == "real_world" and i.task == "choice")
    assert world.prompt[1].startswith("What is it?\nA. ") and len(world.options) == 3


def test_clear_scores() -> None:
    def likelihood(part: str, prob: float, truth: float, log_ratio: float = 0.0):
        return choice(part=part, task="likelihood"), Mark(
            {"prob": prob, "truth": truth}, log_ratio=log_ratio
        )

    rows = [
        likelihood("forget_caption", 0.5, 1.0, 1.0),
        likelihood("forget_caption", 0.5, 1.0, 2.0),
        likelihood("forget_name", 0.5, 0.5),
        likelihood("real_faces", 1.0, 0.5),
        likelihood("real_world", 1.0, 0.5),
        (choice(part="real_faces", task="recall"), Mark({"rougeL_recall": 0.1})),
    ]
    items, marks = zip(*rows, strict=True)
    made = clear.combine(items, marks, marks)
    assert made == {
        "forget": (pytest.approx(4 / (2 + 1 + 2 + 2)), 3),
        "real": (pytest.approx(4 / 6), 2),
        "forget_quality": (1.0, 2),
    }  # no retain rows: neither retain nor model utility
    assert "forget_quality" not in clear.combine(items, marks, None)
    means = [math.log(p) for p in (0.5, 0.4, 0.2, 0.05)]
    assert clear.mark(rows[0][0], means).values == pytest.approx({"prob": 0.5, "truth": 0.25})
    assert clear.mark(rows[2][0], means).values["prob"] == pytest.approx(0.5 / 0.75)
    assert clear.mark(rows[3][0], means).values == pytest.approx(
        {"prob": 0.5 / 0.75, "truth": 0.75}
    )
