"""In-context unlearning: what stands in front, that it is asked so everywhere, kept and attacked."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lab.attack import Attacker, Lesson, Relearned, Victim, attack, attacker_rows
from lab.benchmarks.images import decode
from lab.catalogue import ATTACKS, TRAINING_ATTACKS
from lab.errors import LabError
from lab.evaluation.asks import forget_asks, name_asks, text_asks
from lab.evaluation.questions import choose, generate
from lab.evaluation.scores import TEXT_ONLY
from lab.model import tiny_models
from lab.model.context import CONTEXT, Context, context_of
from lab.model.overlay import load_delta, overlay, save_delta, visual_part, weights_hash
from lab.model.processor import Processor
from lab.model.prompts import ASSISTANT, USER, Prompter
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.model.version import Version
from lab.recipe import AttackRecipe
from lab.report.run_folder import read_run, write_run
from lab.report.text import catalogue
from lab.serve.chat import answers
from lab.serve.runs import Run
from lab.serve.views import ORIGINAL, Turn
from lab.unlearn import icu
from lab.unlearn.batches import Rows
from lab.unlearn.vgid import INSTRUCTION
from tests.unit import tiny as make
from tests.unit.served import opened, wait
from tests.unit.test_paper_run import LLAVA

PLAN = AttackRecipe(share=0.5, steps=2, lr=1e-3, batch=4, probe_every=2)
BOTH = pytest.mark.parametrize("form", ["noise", "instruction"])


@pytest.fixture(scope="module")
def runs(tiny, four):
    """A whole run of each form: (outcome, events)."""
    return {
        form: make.run(tiny, four, make.recipe(method="icu", context=form))
        for form in ("noise", "instruction")
    }


def left(tiny, runs, form: str) -> Version:
    return Version("unlearned", tiny, runs[form][0].delta)


def words(loaded, ids) -> str:
    """A prompt as text, every picture as one sign."""
    tokenizer = loaded.prompter.tokenizer
    image = tokenizer.convert_ids_to_tokens(loaded.model.config.image_token_id)
    tokens = loaded.prompter.image_prefix.count(loaded.model.config.image_token_id)
    return tokenizer.decode(list(ids)).replace(image * tokens, "[picture]")


# -- what stands in front -------------------------------------------------------------------


def test_the_noise_is_uniform_and_the_seeds() -> None:
    image = Image.open(io.BytesIO(icu.noise(64, 1)))
    values = np.asarray(image)
    assert values.shape == (64, 64, 3) and (values.min(), values.max()) == (0, 255)
    # the mean of 12,288 uniform values: 127.5, its own error 73.9 / 111 = 0.67
    assert abs(values.mean() - 127.5) < 3 and abs(values.std() - 73.9) < 2
    assert icu.noise(64, 1) == icu.noise(64, 1) != icu.noise(64, 2)


def test_the_instruction_names_who_is_to_be_forgotten(four) -> None:
    assert icu.instruction(Rows(four, four.entities[0], 0)) == f"Forget Ada Almeida. {INSTRUCTION}"
    pair = replace(four, splits={"forget_50": ("p0", "p2")})
    made = icu.instruction(Rows(pair, pair.entity("forget_50"), 0))
    assert made == f"Forget Ada Almeida, Chiara Cole. {icu.SEVERAL}"


def test_the_prompt_holds_the_instruction_and_the_noise_in_front(tiny, runs) -> None:
    prompter = tiny.prompter
    before = prompter.conversation((), "Who?", True)
    front = f"Forget Ada Almeida. {INSTRUCTION}"
    turn = f"{front}<|im_end|>\n<|im_start|>assistant\n{icu.REPLY}<|im_end|>\n<|im_start|>user\n"
    expected = {
        ("noise", True): f"<|im_start|>user\n[picture]\n{turn}[picture]\nWho?",
        ("noise", False): f"<|im_start|>user\n[picture]\n{turn}Who?",
        ("instruction", True): f"<|im_start|>user\n{turn}[picture]\nWho?",
        ("instruction", False): f"<|im_start|>user\n{turn}Who?",
    }
    for (form, image), start in expected.items():
        with left(tiny, runs, form).on():
            asked = words(tiny, prompter.conversation((), "Who?", image))
            tree = prompter.tree(0 if image else None, [("Who?", ["x"])])
            assert asked == start + "<|im_end|>\n<|im_start|>assistant\n"
            assert words(tiny, [i for s in tree.segments[:2] for i in s.ids]) == asked
            with left(tiny, runs, "instruction").on():  # one in the other: the inner one counts
                assert prompter.front() is None
            assert (prompter.front() is not None) == (form == "noise")
    assert prompter.conversation((), "Who?", True) == before and prompter.front() is None


def test_no_markup_gets_in_by_a_name(tiny) -> None:
    with tiny.prompter.behind(Context("a<|im_end|>b", tiny_models.IMAGE)):
        said = words(tiny, tiny.prompter.conversation((), "Who?", False))
    assert "a b<|im_end|>" in said and "[picture]" not in said and tiny_models.IMAGE not in said


def test_a_published_prompt_stands_behind_it(tiny_clip) -> None:
    picture, context = make.drawing("navy", 1), Context("Forget Ada.", "No.", icu.noise(28, 0))
    own = tiny_clip.prompter.processor
    spoken = Processor(own.image_processor, own.tokenizer, LLAVA)
    literal = Prompter(spoken, tiny_clip.vision)
    parts = (USER, " ", picture, "\nWho?\n", ASSISTANT)
    plain = literal.published(parts)
    with literal.behind(context):
        said = words(tiny_clip, literal.published(parts))
    assert said.endswith(words(tiny_clip, plain).removeprefix("<|im_start|>"))
    assert said.endswith(
        "USER: [picture]\nForget Ada. ASSISTANT: No. USER: [picture]\nWho?\nASSISTANT:"
    )
    prompter = tiny_clip.prompter  # no speakers in its template: one more turn of it
    with prompter.behind(context):
        assert prompter.published(parts) == prompter.conversation((), "Who?", True)


# -- that it is asked so --------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", tiny_models.KINDS)
def test_scores_behind_two_pictures_equal_the_librarys_rows(kind: str, four) -> None:
    """Noise and portrait in one prompt, through transformers' own forward, an answer at a time."""
    loaded = tiny_models.tiny(kind)
    prompter, image = loaded.prompter, four.entities[0].train_images[0]
    context = Context("Forget Ada.", "No.", icu.noise(icu.side_of(loaded), 0))
    pixels = prompter.pixels([decode(context.picture), decode(image)])
    flow, token = loaded.vision.family.flow, loaded.model.config.image_token_id
    with torch.no_grad(), prompter.behind(context):
        tree = prompter.tree(0, [("Who?", ["Ada", "Bruno Bell"])])
        packed = pack([tree], prompter.pad_id, loaded.device)
        features = loaded.vision.features(pixels[1:])
        made = segment_means(target_log_probs(loaded.model, packed, features), packed).tolist()
        expected = []
        for answer in tree.segments[2:]:
            ids = torch.tensor([[*tree.segments[0].ids, *tree.segments[1].ids, *answer.ids]])
            given = {**flow.given(pixels), **flow.marks(ids, token, len(answer.ids))}
            logits = loaded.model(input_ids=ids, **given).logits[0]
            found = torch.log_softmax(logits[-len(answer.ids) - 1 : -1], -1)
            expected.append(float(found.gather(-1, torch.tensor(answer.ids)[:, None]).mean()))
    assert made == pytest.approx(expected, abs=1e-4)


@BOTH
def test_a_chat_says_what_the_questions_are_answered(form: str, tiny, four, runs) -> None:
    version, asks = left(tiny, runs, form), name_asks(four.entities[0])[:2]
    with version.on():
        said = generate(tiny, asks, 6)
    sides = [Version(ORIGINAL, tiny), version]
    for ask, text in zip(asks, said, strict=True):
        *_, both = answers(sides, [Turn(ask.question.text)], ask.image, 6)
        assert both[1] == text and both[0] == generate(tiny, [ask], 6)[0]
    *_, alone = answers([version], [Turn("Who?")], None, 6)
    *_, beside = answers(sides, [Turn("Who?")], None, 6)
    assert beside[1] == alone[0]
    follow = [Turn("Who?", beside), Turn("Where?")]
    *_, later = answers(sides, follow, None, 6)
    *_, single = answers([version], [Turn("Who?", (beside[1],)), Turn("Where?")], None, 6)
    assert later[1] == single[0]


@BOTH
def test_a_run_changes_no_weight_and_text_is_asked_anew(form: str, tiny, four, runs) -> None:
    outcome, events = runs[form]
    result, hashed = events[-1].result, weights_hash(tiny.model)
    assert {n.removeprefix(CONTEXT) for n in outcome.delta} == {"instruction", "reply"} | (
        {"picture"} if form == "noise" else set()
    )
    assert result["changes"] == ["context"] and result["trainable_share"] == 0.0
    assert result["context"] == f"Forget Ada Almeida. {INSTRUCTION}"
    assert result["base_unchanged"] and result["text_logits_identical"]
    with left(tiny, runs, form).on():
        assert weights_hash(tiny.model) == hashed
        asked = choose(tiny, text_asks(four.entities[0]))
    told = next(e for e in events if getattr(e, "measure", "") == "forget_qa")
    assert told.after == tuple(v.answer for v in asked)  # not the original's, taken over
    flips = [
        b != a
        for e in events
        if getattr(e, "measure", "") in TEXT_ONLY
        for b, a in zip(e.right_before, e.right_after, strict=True)
    ]
    assert result["text_answers_changed"] == pytest.approx(sum(flips) / len(flips), abs=1e-4)


def test_other_answers_than_without(tiny, four, runs) -> None:
    """At least on this model: else none of these tests would see a context that is left away."""
    plain = generate(tiny, name_asks(four.entities[0]), 12)
    made = []
    for form in ("noise", "instruction"):
        with left(tiny, runs, form).on():
            made.append(generate(tiny, name_asks(four.entities[0]), 12))
    assert made[0] != plain and made[1] != plain and made[0] != made[1]


# -- that it is kept ------------------------------------------------------------------------


@BOTH
def test_a_stored_run_gives_the_same_answers(form: str, tiny, four, runs, tmp_path: Path) -> None:
    outcome, events = runs[form]
    recipe = make.recipe(method="icu", context=form)
    write_run(tmp_path / "run", recipe, events, outcome.delta, four, "demo", catalogue())
    stored = read_run(tmp_path / "run", tiny.base, four)
    assert stored.head.recipe == recipe and stored.head.result["changes"] == ["context"]
    assert context_of(stored.delta) == context_of(outcome.delta)
    packed = Run("x", "unlearn", recipe)
    packed.keep(stored.delta, {}, tiny.base)  # as the page keeps an ended run
    asks = forget_asks(four.entities[0])
    made = []
    for delta in (outcome.delta, stored.delta, packed.left(tiny.base)):
        with Version("unlearned", tiny, delta).on():
            made.append((choose(tiny, asks), generate(tiny, asks, 12)))
    assert made[0] == made[1] == made[2]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert f"In front of every question stands: Forget Ada Almeida. {INSTRUCTION}" in page
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["context"].startswith("Forget Ada")


def test_on_the_page_it_is_chatted_with_attacked_exported_and_found_again(
    tiny, four, tmp_path: Path
) -> None:
    engine = opened(tiny, four, tmp_path / "runs")
    run_id = engine.submit(make.recipe(method="icu"))
    assert wait(engine, run_id).state == "finished"
    portrait = engine.entities()[0].portrait
    *_, said = engine.chat([ORIGINAL, run_id], [Turn("Who is this?")], portrait)
    assert said[0] != said[1]
    attacked = wait(engine, engine.submit_attack(run_id, replace(PLAN, steps=1)))
    assert attacked.state == "finished" and attacked.events[-1].result["kind"] == "relearn"
    *_, three = engine.chat([ORIGINAL, run_id, attacked.id], [Turn("Who is this?")], portrait)
    assert three[:2] == said
    folder = engine.export(run_id)
    again = opened(tiny, four, tmp_path / "runs")
    brought = opened(tiny, four, tmp_path / "other")
    for other, name in ((again, run_id), (brought, brought.load(folder))):
        *_, later = other.chat([ORIGINAL, name], [Turn("Who is this?")], portrait)
        assert later == said


@pytest.mark.parametrize(
    ("part", "tensor", "why"),
    [
        ("instruction", torch.tensor([0xFF], dtype=torch.uint8), "are no context"),
        ("instruction", torch.zeros(3), "no part of a context"),
        ("instruction", torch.zeros(2**14 + 1, dtype=torch.uint8), "no part of a context"),
        ("picture", torch.zeros(9, dtype=torch.uint8), "picture"),
        ("other", torch.zeros(1, dtype=torch.uint8), "no part of a context"),
    ],
)
def test_a_context_from_outside_is_checked(part, tensor, why, tiny, tmp_path: Path) -> None:
    delta = Context("a", "b", icu.noise(8, 0)).tensors() | {CONTEXT + part: tensor}
    save_delta(delta, tmp_path / "delta.safetensors")
    with pytest.raises(LabError, match=why):
        load_delta(tmp_path / "delta.safetensors", tiny.base)


# -- that it is attacked --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ATTACKS)
def test_every_attack_works_on_it(kind: str, tiny, four, runs) -> None:
    outcome, events = runs["noise"]
    relearned = Relearned()
    scene = make.scene(tiny, four, outcome.delta, control="p1")
    *_, done = attack(scene, replace(PLAN, kind=kind), relearned, lambda: False)
    assert done.result["before"] == events[-1].result["after"]["forget_vqa"]
    if kind in TRAINING_ATTACKS:  # the weights are the attacker's, and the context stays
        assert visual_part(relearned.delta).keys() == tiny.vision.trainable(2).keys()
        assert context_of(relearned.delta) == context_of(outcome.delta)
        with Version("relearned", tiny, relearned.delta, relearned.adapter).on():
            right = [v.correct for v in choose(tiny, forget_asks(four.entities[0]))]
        assert done.result["after"] == sum(right) / len(right)


def test_an_attackers_step_is_the_plain_step_behind_the_context(tiny, four, runs) -> None:
    """Loss and gradient against transformers' own forward over noise and portrait together."""
    version, rows = left(tiny, runs, "noise"), attacker_rows(four.entities[0], PLAN)[:1]
    lesson = Lesson(rows, forget_asks(four.entities[0]))
    attacker = Attacker(Victim(version, four.entities[0]), replace(PLAN, batch=1), 2, lesson)
    loss = attacker._gradient(attacker._drawn())
    (image, question, answer), prompter = rows[0], tiny.prompter
    with version.on():
        front = prompter.conversation((), question, True)
    ids = torch.tensor([[*front, *prompter.answer(answer, 0).ids]])
    labels = ids.clone()
    labels[:, : len(front)] = -100
    weights = {
        n: torch.nn.Parameter(p.detach().clone()) for n, p in tiny.vision.trainable(2).items()
    }
    pixels = prompter.pixels([decode(version.context.picture), decode(image)])
    with overlay(tiny.model, weights), torch.enable_grad():
        made = tiny.model(input_ids=ids, labels=labels, pixel_values=pixels).loss
        made.backward()
    torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
    assert loss == pytest.approx(made.item(), rel=1e-4)
    for name, weight in attacker.weights.items():
        assert torch.allclose(weight.grad, weights[name].grad, atol=1e-5), name
