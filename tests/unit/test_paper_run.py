"""Paper mode on tiny models: batches answer as one by one, a cut-off evaluation goes on, the command."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lab.benchmarks.images import decode
from lab.benchmarks.mllmu import load_mllmu
from lab.catalogue import NEVER_KNEW
from lab.cli import main
from lab.errors import LabError
from lab.evaluation import models, session
from lab.evaluation.models import Others, lineup
from lab.evaluation.paper import paper_mode as paper
from lab.evaluation.paper.answers import answers
from lab.evaluation.paper.items import Kept, ask
from lab.evaluation.paper.plan import Item, Plan
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.events.lines import plain
from lab.model import tiny_models
from lab.model.overlay import weights_hash
from lab.model.processor import Processor
from lab.model.prompts import ASSISTANT, USER, Prompter
from lab.model.version import Version
from lab.recipe import Preset
from lab.report.run_folder import write_run
from lab.report.text import catalogue
from tests.unit import public
from tests.unit import tiny as make

# LLaVA-1.5's, with the tiny tokenizer's image token.
LLAVA = (
    "{% for m in messages %}{{ m['role'].upper() + ': ' }}"
    "{% for c in m['content'] if c['type'] == 'image' %}{{ '"
    + tiny_models.IMAGE
    + "\n' }}{% endfor %}"
    "{% for c in m['content'] if c['type'] == 'text' %}{{ c['text'] + ' ' }}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
PICTURES = [make.drawing(colour, 3) for colour in make.COLOURS[:2]]
SHOWN = (
    USER,
    " ",
    PICTURES[0],
    "\nWho?\nCorrect Answer: A\n",
    USER,
    " ",
    PICTURES[1],
    "\nWho?\n",
    ASSISTANT,
)


@pytest.fixture(scope="module")
def spoken(tiny_clip):
    """The tiny LLaVA with LLaVA-1.5's chat template."""
    own = tiny_clip.prompter.processor
    return replace(
        tiny_clip,
        prompter=Prompter(Processor(own.image_processor, own.tokenizer, LLAVA), tiny_clip.vision),
    )


def item(k: int, prompt=("Who is it?",), **changes) -> Item:
    return Item(
        **{
            "id": str(k),
            "part": "forget_text",
            "task": "generation",
            "prompt": prompt,
            "reference": "Ada",
            "max_new_tokens": 6,
        }
        | changes
    )


def read(loaded, ids) -> str:
    return loaded.prompter.tokenizer.decode(ids).replace(
        "".join([tiny_models.IMAGE] * 4), "<image>"
    )


# ---- prompts of several pictures


def test_published_prompts_word_for_word_and_in_a_template(spoken, tiny_clip) -> None:
    said = read(spoken, spoken.prompter.published(SHOWN))
    assert said.removeprefix("<|im_start|>") == (
        "USER: <image>\nWho?\nCorrect Answer: A\nUSER: <image>\nWho?\nASSISTANT:"
    )
    assert not tiny_clip.prompter.literal and spoken.prompter.literal
    turned = tiny_clip.prompter.published(SHOWN)
    assert turned == tiny_clip.prompter.published(
        (PICTURES[0], "Who?\nCorrect Answer: A", PICTURES[1], "Who?")
    )
    assert "USER:" not in read(tiny_clip, turned) and read(tiny_clip, turned).count("<image>") == 2
    plain = spoken.prompter.published(
        (PICTURES[0], "Who? " + tiny_models.IMAGE)
    )  # data, never markup
    assert plain.count(spoken.model.config.image_token_id) == 4
    assert plain == spoken.prompter.conversation((), "Who? " + tiny_models.IMAGE, True)


def test_batches_answer_as_the_library_does_one_by_one(spoken) -> None:
    long = item(1, SHOWN, max_new_tokens=5)
    asked = [item(0, max_new_tokens=5), long, item(2, (PICTURES[1], "Where?"), max_new_tokens=3)]
    found = dict(pair for batch in answers(spoken, asked) for pair in batch)
    for k, each in enumerate(asked):
        ids = torch.tensor([spoken.prompter.published(each.prompt)])
        shown = [decode(p) for p in each.prompt if isinstance(p, bytes)]
        seen = {"pixel_values": spoken.prompter.pixels(shown)} if shown else {}
        out = spoken.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=each.max_new_tokens,
            eos_token_id=spoken.prompter.end_id,
            **seen,
        )
        text = spoken.prompter.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        assert found[k] == text.strip()


def test_likelihoods_are_those_of_the_whole_sequence(spoken) -> None:
    asked = [
        item(0, (PICTURES[0], "Who?"), compared=("Ada", "Oslo baker")),
        item(1, compared=("Ada",)),
    ]
    found = dict(pair for batch in answers(spoken, asked) for pair in batch)
    assert [len(found[k]) for k in (0, 1)] == [2, 1]
    prompt = spoken.prompter.published(asked[0].prompt)
    ends = spoken.prompter.answer("Oslo baker", 0).ids
    ids = torch.tensor([(*prompt, *ends)])
    with torch.no_grad():
        logits = spoken.model(
            input_ids=ids, pixel_values=spoken.prompter.pixels([decode(PICTURES[0])])
        ).logits
    own = torch.log_softmax(logits[0, len(prompt) - 1 : -1].float(), -1)
    wanted = own.gather(1, torch.tensor(ends)[:, None]).mean().item()
    assert found[0][1] == pytest.approx(wanted, abs=1e-4)


def test_places_of_several_pictures_are_the_librarys() -> None:
    loaded = tiny_models.tiny("qwen2_vl")
    ids = loaded.prompter.published((PICTURES[0], "Who?", PICTURES[1], "And who?"))
    row = torch.tensor([ids])
    kinds = (row == loaded.model.config.image_token_id).int()
    wanted, _ = loaded.model.model.get_rope_index(
        row, mm_token_type_ids=kinds, image_grid_thw=torch.tensor([[1, 6, 6], [1, 6, 6]])
    )
    assert torch.equal(loaded.prompter.places(ids), wanted[:, 0])


def test_a_prompt_too_long_for_the_model_names_the_way_out(spoken) -> None:
    with pytest.raises(LabError, match="--shots zero"):
        list(answers(spoken, [item(0, (USER, " Who? " * 300, ASSISTANT))]))


# ---- kept answers


def answerer(said: list[str], stop_after: int = 99):
    """Answers one at a time with the item's id; ``said`` notes who was asked."""

    def answer(items):
        for k, each in enumerate(items):
            if len(said) == stop_after:
                raise KeyboardInterrupt
            said.append(each.id)
            yield [(k, f"answer {each.id}")]

    return answer


def test_a_cut_off_evaluation_goes_on(tmp_path: Path) -> None:
    path, items = tmp_path / "answers.jsonl", [item(k, (f"Question {k}?",)) for k in range(4)]
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        ask(Kept(path), "vanilla", "w", items, answerer(said, 3), said.append)
    path.write_text(
        path.read_text(encoding="utf-8")[:-9], encoding="utf-8"
    )  # the last line was only half on disk
    again: list[str] = []
    found = ask(Kept(path), "vanilla", "w", items, answerer(again), lambda _: None)
    assert again == ["2", "3"] and found == [f"answer {k}" for k in range(4)]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 4
    other: list[str] = []
    ask(Kept(path), "unlearned", "other weights", items, answerer(other), lambda _: None)
    ask(
        Kept(path),
        "vanilla",
        "w",
        [replace(items[0], max_new_tokens=7)],
        answerer(other),
        lambda _: None,
    )
    assert other == [
        "0",
        "1",
        "2",
        "3",
        "0",
    ]  # nothing is taken over from another question or model


def test_what_is_asked_twice_is_answered_once(tmp_path: Path) -> None:
    said: list[str] = []
    twice = [item(0), item(1)]  # the same words
    found = ask(Kept(tmp_path / "a"), "vanilla", "w", twice, answerer(said), lambda _: None)
    assert len(said) == 1 and found == [f"answer {said[0]}"] * 2


# ---- the evaluation and its command


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory):
    return load_mllmu(public.mllmu(tmp_path_factory.mktemp("mllmu"), people=3, celebrities=1))


def test_scores_and_tables(people, tiny, tmp_path: Path) -> None:
    """The vanilla model knows every answer, the unlearned one says "Z" to everything."""

    def told(row: Version):
        def answer(items):
            for k, each in enumerate(items):
                known = each.reference
                if each.task == "classification":
                    known = "ABCD"[each.options.index(each.reference)]
                yield [(k, known if row.name == "vanilla" else "Z")]

        return answer

    rows = [Version(name, tiny) for name in ("vanilla", "unlearned")]
    target = people.splits["forget_5"][0]
    made = paper.evaluate(people, Plan("forget_5", "zero", 2), rows, tmp_path, lambda _: None, told)
    assert plain(made) == json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert (made["mode"], made["benchmark"], made["target"], made["seed"], made["demos"]) == (
        "paper",
        "mllmu",
        "forget_5",
        2,
        [],
    )
    assert made["n"]["forget_image_mcq"] == 5 and made["n"]["retain_text_cloze"] == 4
    assert set(made["n"]) == set(made["chance"]) == set(made["rows"]["vanilla"])
    for measure, value in made["rows"]["vanilla"].items():
        assert value == pytest.approx(1, abs=0.9 if measure.endswith("bleu") else 1e-9), measure
        assert made["rows"]["unlearned"][measure] == 0
    assert made["chance"]["test_text_mcq"] == 0.25 and made["chance"]["test_text_rougeL"] is None
    assert made["chance"]["celebrity_image_cloze"] == 0
    assert made["unparsable"]["vanilla"]["forget_image_mcq"] == 0
    assert set(made["unparsable"]["unlearned"].values()) == {1}
    assert set(made["test_pictures"]) == {
        f"{target}/{t}" for t in ("classification", "cloze", "generation")
    }
    lines = list(csv.DictReader((tmp_path / "items.csv").open()))
    assert len(lines) == 18 * 5  # forget, test, two retained, one celebrity
    assert (
        lines[0]["measure"] == "forget_image_classification"
        and lines[0]["options"].count(" | ") == 3
    )
    assert (lines[0]["vanilla_verdict"], lines[0]["unlearned_verdict"]) == ("right", "unparsable")
    assert {x["unlearned_verdict"] for x in lines if "cloze" in x["measure"]} == {"wrong"}


@pytest.fixture
def tiny_lab(monkeypatch: pytest.MonkeyPatch, people, tiny) -> Workbench:
    bench = Workbench(
        Preset("demo", "tiny", "mllmu"), people, tiny, Baseline(tiny), weights_hash(tiny.model)
    )
    monkeypatch.setattr(session, "open_workbench", lambda *_: bench)
    monkeypatch.setattr(session, "read_benchmark", lambda preset: people)
    return bench


def printed(words: list[str], capsys) -> dict:
    main.main([*words, "--json"])
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_the_command_in_both_modes(tiny_lab, tmp_path: Path, capsys, monkeypatch) -> None:
    recipe = make.recipe(entity="forget_5", steps=1, measures="all")
    outcome, events = make.run(tiny_lab.loaded, tiny_lab.benchmark, recipe)
    people = tiny_lab.benchmark
    write_run(tmp_path / "run", recipe, events, outcome.delta, people, "demo", catalogue())
    words = ["evaluate", "--benchmark", "mllmu", "--run", str(tmp_path / "run"), "--out"]
    mine = printed([*words, str(tmp_path / "clean")], capsys)
    assert mine["mode"] == "clean" and set(mine["rows"]) == {"vanilla", "unlearned"}
    assert mine["scores"] == mine["rows"]["unlearned"] == pytest.approx(events[-1].result["after"])
    own = list(csv.DictReader((tmp_path / "clean" / "items.csv").open()))
    assert len(own) == sum(mine["n"].values())
    exported = list(csv.DictReader((tmp_path / "run" / "items.csv").open()))
    assert [x["unlearned_verdict"] for x in exported] == [x["unlearned_verdict"] for x in own]
    assert [x["original_answer"] for x in exported] == [x["vanilla_answer"] for x in own]
    right = sum(x["unlearned_verdict"] == "right" for x in own if x["measure"] == "retain_vqa")
    assert right == round(mine["scores"]["retain_vqa"] * mine["n"]["retain_vqa"])

    monkeypatch.setattr("lab.evaluation.paper.answers.TOKENS", 10_000)
    published = [*words, str(tmp_path / "paper"), "--mode", "paper", "--shots", "zero"]
    made = printed(published, capsys)
    assert set(made["rows"]) == {"vanilla", "unlearned"} and made["target"] == "forget_5"
    assert all(0 <= value <= 1 for row in made["rows"].values() for value in row.values())

    def refuse(*_):
        raise AssertionError("everything is kept: nothing may be asked again")

    monkeypatch.setattr("lab.evaluation.scores.answering", refuse)
    assert printed([*words, str(tmp_path / "clean")], capsys) == mine
    monkeypatch.setattr("lab.evaluation.paper.paper_mode.answers", refuse)
    assert printed(published, capsys) == made


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--mode", "paper", "--out", "x"], "mllmu, clear, umu, fiu"),
        (["--mode", "paper", "--benchmark", "mllmu"], "--out DIR"),
    ],
)
def test_mistakes_are_told_before_anything_is_loaded(words: list[str], named: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["evaluate", *words])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.count("\n") == 1 and named in said


def test_who_is_in_the_line_up(tiny_lab, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(models, "folders", lambda _: {NEVER_KNEW: tmp_path})
    monkeypatch.setattr(models, "fits", lambda _, folder, target: target in ("001", "002"))
    monkeypatch.setattr(models, "loaded_control", lambda bench, who, _: bench.loaded)
    folder = str(tiny_models.save(tmp_path / "base", "clip"))
    delta = {"x": torch.zeros(2)}

    def names(target: str, delta: dict, others: Others) -> list[str]:
        return [row.name for row in lineup(tiny_lab, target, delta, others, lambda _: None)]

    assert names("001", {}, Others()) == ["vanilla", "retain_only"]
    assert names("003", delta, Others()) == ["vanilla", "unlearned"]
    tiny_lab.preset = replace(tiny_lab.preset, quantization="none")
    assert names("003", delta, Others(folder, folder)) == [
        "vanilla",
        "unlearned",
        "retain_only",
        "base",
    ]
    said: list[str] = []
    for preset, known in (
        (replace(tiny_lab.preset, base=folder), True),
        (replace(tiny_lab.preset, processor=folder), True),
        (replace(tiny_lab.preset, base=str(tmp_path / "nowhere")), False),
    ):
        tiny_lab.preset = preset
        assert (
            "base" in [r.name for r in lineup(tiny_lab, "003", {}, Others(), said.append)]
        ) is known
    assert said[-1].startswith("no row for the base: no model in")
    tiny_lab.preset = replace(tiny_lab.preset, base="", processor="")
    rows = list(lineup(tiny_lab, "003", delta, Others(folder), lambda _: None))
    assert len({row.identity for row in rows}) == 3
