"""Chat: two sides in one decode answer as each alone; a follow-up keeps its earlier answer."""

from __future__ import annotations

import pytest
import torch

from lab.errors import LabError
from lab.model.adapter import new_adapter
from lab.model.overlay import weights_hash
from lab.serve.engine import Turn
from lab.serve.sides import MAX_CHARACTERS, MAX_TURNS, Side, answers, check_chat, probe_rows

SCORES = ("Forget VQA", "Forget QA", "Retain VQA", "Retain QA", "General")


def said(loaded, sides, turns, image) -> tuple[str, ...]:
    *_, last = answers(loaded, sides, turns, image, 12)
    return last


@pytest.fixture(scope="module")
def changed(tiny) -> Side:
    """A side whose visual weights are far from the original's."""
    draw = torch.Generator().manual_seed(1)
    return Side({n: p + torch.randn(p.shape, generator=draw) for n, p in tiny.vision.trainable(3).items()})


def test_two_sides_equal_each_side_alone(tiny, four, changed: Side) -> None:
    image, turns = four.entities[0].train_images[0], [Turn("Who is this person?")]
    both = said(tiny, [Side(), changed], turns, image)
    assert both == said(tiny, [Side()], turns, image) + said(tiny, [changed], turns, image)
    assert both[0] != both[1]


def test_text_answers_do_not_depend_on_the_visual_weights(tiny, changed: Side) -> None:
    both = said(tiny, [Side(), changed], [Turn("What is the capital of France?")], None)
    assert both[0] == both[1]


def test_a_language_adapter_speaks_on_its_own_side_only(tiny, four) -> None:
    adapter = new_adapter(tiny.model, 4, 0)
    with torch.no_grad():
        for name, weight in adapter.items():
            if name.endswith(".B"):
                weight.normal_(generator=torch.Generator().manual_seed(0))
    image, turns = four.entities[0].train_images[0], [Turn("Who is this person?")]
    relearned = Side(adapter=adapter)
    made = said(tiny, [Side(), relearned, Side()], turns, image)
    assert made[0] == made[2] == said(tiny, [Side()], turns, image)[0]
    assert made[1] == said(tiny, [relearned], turns, image)[0] != made[0]


def test_a_follow_up_keeps_its_earlier_answer(tiny, four) -> None:
    image = four.entities[0].train_images[0]
    turns = [Turn("Who is this person?", ("Ada Almeida", "a stranger")), Turn("Where from?")]
    both = said(tiny, [Side(), Side()], turns, image)
    for k, earlier in enumerate(("Ada Almeida", "a stranger")):
        alone = [Turn("Who is this person?", (earlier,)), Turn("Where from?")]
        assert both[k] == said(tiny, [Side()], alone, image)[0]
    prompter = tiny.prompter
    ids = prompter.conversation([("Who?", "Ada Almeida")], "Where?", image=False)
    assert prompter.tokenizer.decode(ids) == prompter.processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "text", "text": "Who?"}]},
         {"role": "assistant", "content": "Ada Almeida"},
         {"role": "user", "content": [{"type": "text", "text": "Where?"}]}],
        add_generation_prompt=True)


def test_greedy_answers_equal_the_librarys(tiny, four) -> None:
    from lab.benchmarks.images import decode

    image = four.entities[1].train_images[0]
    ids = torch.tensor([tiny.prompter.conversation((), "Who is this person?", True)])
    pixels = tiny.prompter.pixels([decode(image)])
    with torch.no_grad():
        made = tiny.model.generate(input_ids=ids, pixel_values=pixels, max_new_tokens=12,
                                   do_sample=False, attention_mask=torch.ones_like(ids))
    text = tiny.prompter.tokenizer.decode(made[0, ids.shape[1]:], skip_special_tokens=True).strip()
    assert said(tiny, [Side()], [Turn("Who is this person?")], image)[0] == text


def test_answers_grow(tiny) -> None:
    grown = [a[0] for a in answers(tiny, [Side()], [Turn("Who?")], None, 6)]
    assert 1 <= len(grown) <= 6
    assert all(len(a) <= len(b) + 1 for a, b in zip(grown, grown[1:], strict=False))


def test_chat_leaves_the_model_as_it_was(tiny, four, changed: Side) -> None:
    before = weights_hash(tiny.model)
    said(tiny, [Side(), changed], [Turn("Who?")], four.entities[0].train_images[0])
    stream = answers(tiny, [changed], [Turn("Who?")], four.entities[0].train_images[0])
    next(stream)
    stream.close()  # the reader left in the middle
    assert weights_hash(tiny.model) == before


@pytest.mark.parametrize(("turns", "image", "words"), [
    ([], None, "empty"), ([Turn("   ")], None, "empty"),
    ([Turn("x" * (MAX_CHARACTERS + 1))], None, "longer than"),
    ([Turn("x")] * (MAX_TURNS + 1), None, "Clear"), ([Turn("x")], b"not a picture", "picture"),
])
def test_bad_questions_are_refused(turns, image, words: str) -> None:
    with pytest.raises(LabError, match=words):
        check_chat(turns, image)


def test_probe_table(tiny, four, changed: Side) -> None:
    calls: list[int] = []
    rows = probe_rows(tiny, [Side(), changed], four, four.entities[0], lambda: calls.append(1))
    assert {r.group for r in rows} == set(SCORES) and len(calls) == len(rows)
    held_out = {i for e in four.entities for i in e.test_images} | {p.image for p in four.pictures}
    for row in rows:
        assert len(row.answers) == len(row.verdicts) == 2
        assert row.image is None or row.image in held_out
        if row.image is None:
            assert row.answers[0] == row.answers[1]
