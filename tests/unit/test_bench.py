"""The bench on the tiny model: it measures what it says, no time is asserted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from assets.build.tables import speed as documented
from lab.bench import baselines, speed
from lab.bench import room as rooms
from lab.bench.aims import AIMS
from lab.errors import LabError
from lab.evaluation.scores import Baseline
from lab.evaluation.session import Workbench
from lab.experiments import full_step
from lab.experiments.result_file import ResultFile
from lab.model import tiny_models
from lab.model.joint import JointDecode, Row
from lab.model.load import multiply_in_bfloat16, round_language
from lab.model.overlay import overlay, weights_hash
from lab.model.version import Version
from lab.recipe import Preset
from lab.saliency.fisher import squared_gradients
from lab.serve.chat import LONGEST_ANSWER, answers
from lab.serve.views import Turn
from lab.unlearn.batches import Rows
from tests.unit import tiny as make


@pytest.fixture
def work(tiny, four) -> Workbench:
    return Workbench(
        Preset("tiny", "none", "tiny", recipe=make.recipe()),
        four,
        tiny,
        Baseline(tiny),
        weights_hash(tiny.model),
    )


def test_every_comparison_is_a_positive_ratio_and_the_base_stays(
    work: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        speed, "starting", lambda: {"start_seconds": 1.0, "own_import_seconds": 1.0}
    )
    monkeypatch.setattr(
        speed,
        "growth",
        lambda *_: {"steps": [{"n": 10, "seconds": 1.0, "megabytes": None, "page_ms": 0.1}]},
    )
    made = speed.bench(work, "p0", 2, lambda _: None)
    names = [r["name"] for r in made["ratios"]]
    assert names == [
        "fisher_to_loop",
        "vkd_step_to_full",
        "vkd_step_to_floor",
        "both_answers_to_one",
        "bfloat16_to_float32",
        "room_to_one_by_one",
        "room_longest_answers",
        "room_first_word",
    ]
    targets = {r["name"]: r["target"] for r in made["ratios"]}
    both = next(aim for aim in AIMS if aim.name == "one_answer")
    assert both.reached(float(targets["both_answers_to_one"].removeprefix("at most ")))
    for row in made["ratios"][-3:]:
        assert "30 of 30 answers the same" in row["what"]
    assert "every answer of 48 tokens" in made["ratios"][-2]["what"]
    for row in made["ratios"]:
        assert row["ratio"] > 0 and row["n"] >= 1 and row["target"]
    assert json.loads(json.dumps(made)) == made
    assert speed.table(made).count("| at most") == 7 and "| 10 | 1.0 | – | 0.1 |" in speed.table(
        made
    )
    ResultFile(tmp_path / "bench.json", {"models": "", "rounds": 2}).add("bench", made, "cpu")
    shown = documented.speed(tmp_path)
    assert documented.room(tmp_path).count("| at most") == 3
    assert shown.count("| at most") == 4 and "Medians of 2 rounds, `none`;" in shown
    assert "| steps | 10 | 1 | – | 0.1 |" in documented.growth(tmp_path)
    assert 0 < made["overlay_ms"] and 0 < made["run_mb"] < 1
    assert weights_hash(work.loaded.model) == work.base_hash


def test_a_room_s_conversations_are_heard_to_their_ends(work: Workbench) -> None:
    """Two at once and one a word later, from generators whose words are known."""
    order = []

    def talk(name: str, words: int):
        def begin(_):
            for k in range(words):
                order.append(name)
                yield () if k == 0 and name == "b" else (f"{name}{k}",)

        return begin

    heard = rooms.answered([talk("a", 2), talk("b", 3), talk("c", 1)], 1, None)
    assert [h.answer for h in heard] == [("a1",), ("b2",), ("c0",)]
    assert "".join(order) == "aabbcb" and all(h.first > 0 for h in heard)


def test_an_endless_answer_is_as_long_as_the_lab_allows(
    tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Row(tiny.prompter.conversation((), "Who is this?", False), None, 1)
    JointDecode(tiny).join([row])
    monkeypatch.setattr(tiny.prompter, "end_id", row.token)  # so that it says nothing

    def tokens() -> int:
        side = [Version("original", tiny)]
        return sum(1 for _ in answers(side, [Turn("Who is this?")], None))

    assert tokens() == 1
    with rooms._endless(tiny.prompter):
        assert tokens() == LONGEST_ANSWER
    assert tiny.prompter.end_id == row.token


def test_the_looped_fisher_is_the_batched_one(tiny, four) -> None:
    samples = Rows(four, four.entities[0], 0).fisher_samples(6)[0]
    looped = baselines.looped_fisher(tiny, 2, samples)
    with overlay(tiny.model, {}):
        batched = squared_gradients(tiny, tiny.vision.layers(2), samples)
    for name, value in looped.items():
        assert torch.allclose(batched[name], value, rtol=1e-4, atol=1e-9), name


def test_the_floor_and_the_full_step_see_the_same_answers(tiny, four) -> None:
    rows = Rows(four, four.entities[0], 0).forget_batch(2)
    batch = full_step.answer_batch(tiny, rows)
    answers = [a for _, asked in rows for _, (a,) in asked]
    for labels, answer in zip(batch["labels"], answers, strict=True):
        said = tiny.prompter.tokenizer.decode(labels[labels >= 0], skip_special_tokens=True)
        assert said.strip() == answer


def test_quantised_weights_cannot_be_benched(work: Workbench) -> None:
    import dataclasses

    work.loaded = dataclasses.replace(work.loaded, quantization="nf4")
    with pytest.raises(LabError, match="use --quantization gguf-q4 or none"):
        speed.bench(work, "p0", 1, lambda _: None)


def test_the_two_precisions_are_two_whatever_the_model_is_stored_in(tiny) -> None:
    stored = tiny_models.tiny()
    round_language(stored.model, stored.vision.family, torch.bfloat16)
    multiply_in_bfloat16(stored.model)
    for loaded in (tiny, stored):
        pair = [
            made(loaded).model.lm_head for made in (baselines.in_float32, baselines.in_bfloat16)
        ]
        assert [head.weight.dtype for head in pair] == [torch.float32, torch.bfloat16]
        assert "forward" not in vars(pair[0])
    assert baselines.in_float32(tiny) is tiny and baselines.in_bfloat16(stored) is stored
