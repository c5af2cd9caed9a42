"""Chat: two sides in one decode answer as each alone; a follow-up keeps its earlier answer."""

from __future__ import annotations

import pytest
import torch

from lab.benchmarks.images import decode
from lab.errors import LabError
from lab.model.adapter import new_adapter
from lab.model.overlay import overlay, weights_hash
from lab.model.version import Version
from lab.serve.chat import (
    LONGEST_QUESTION,
    MAX_TURNS,
    answers,
    check_chat,
    probe_rows,
    side_features,
)
from lab.serve.room import Room
from lab.serve.views import Turn

SCORES = ("Forget VQA", "Forget QA", "Retain VQA", "Retain QA", "General")


def said(sides, turns, image) -> tuple[str, ...]:
    *_, last = answers(sides, turns, image, 12)
    return last


@pytest.fixture(scope="module")
def original(tiny) -> Version:
    return Version("original", tiny)


@pytest.fixture(scope="module")
def changed(tiny) -> Version:
    """A side whose visual weights are far from the original's."""
    draw = torch.Generator().manual_seed(1)
    return Version(
        "changed",
        tiny,
        {n: p + torch.randn(p.shape, generator=draw) for n, p in tiny.vision.trainable(3).items()},
    )


def test_two_sides_equal_each_side_alone(original: Version, four, changed: Version) -> None:
    image, turns = four.entities[0].train_images[0], [Turn("Who is this person?")]
    both = said([original, changed], turns, image)
    assert both == said([original], turns, image) + said([changed], turns, image)
    assert both[0] != both[1]


def test_text_answers_do_not_depend_on_the_visual_weights(
    original: Version, changed: Version
) -> None:
    both = said([original, changed], [Turn("What is the capital of France?")], None)
    assert both[0] == both[1]


def test_a_language_adapter_speaks_on_its_own_side_only(tiny, original: Version, four) -> None:
    adapter = new_adapter(tiny.model, 4, 0)
    with torch.no_grad():
        for name, weight in adapter.items():
            if name.endswith(".B"):
                weight.normal_(generator=torch.Generator().manual_seed(0))
    image, turns = four.entities[0].train_images[0], [Turn("Who is this person?")]
    relearned = Version("relearned", tiny, adapter=adapter)
    made = said([original, relearned, original], turns, image)
    assert made[0] == made[2] == said([original], turns, image)[0]
    assert made[1] == said([relearned], turns, image)[0] != made[0]


def test_a_follow_up_keeps_its_earlier_answer(tiny, original: Version, four) -> None:
    image = four.entities[0].train_images[0]
    turns = [Turn("Who is this person?", ("Ada Almeida", "a stranger")), Turn("Where from?")]
    both = said([original, original], turns, image)
    for k, earlier in enumerate(("Ada Almeida", "a stranger")):
        alone = [Turn("Who is this person?", (earlier,)), Turn("Where from?")]
        assert both[k] == said([original], alone, image)[0]
    prompter = tiny.prompter
    ids = prompter.conversation([("Who?", "Ada Almeida")], "Where?", image=False)
    assert prompter.tokenizer.decode(ids) == prompter.processor.apply_chat_template(
        [
            {"role": "user", "content": [{"type": "text", "text": "Who?"}]},
            {"role": "assistant", "content": "Ada Almeida"},
            {"role": "user", "content": [{"type": "text", "text": "Where?"}]},
        ],
        add_generation_prompt=True,
    )


def conversation(sides, image, questions, memory):
    """Ask one after the other as the page does; returns the turns with their answers."""
    turns: list[Turn] = []
    for question in questions:
        *_, said = answers(sides, [*turns, Turn(question)], image, 10, memory)
        turns.append(Turn(question, said))
    return turns


@pytest.mark.parametrize("pictured", [True, False])
def test_what_is_remembered_changes_no_answer(
    original: Version, four, changed: Version, pictured: bool
) -> None:
    image = four.entities[0].train_images[0] if pictured else None
    sides, asked = [original, changed], ["Who is this?", "Where from?", "Any pet?"]
    memory = Room()
    first = conversation(sides, image, asked, memory)
    assert first == conversation(sides, image, asked, None)
    # another talk about the same picture, then the first one again from its start
    other = conversation(sides, image, ["Any pet?", "Who is this?"], memory)
    assert other == conversation(sides, image, ["Any pet?", "Who is this?"], None)
    assert conversation(sides, image, asked, memory) == first


def test_a_follow_up_reads_only_what_is_new(
    tiny, original: Version, four, changed: Version
) -> None:
    image, sides = four.entities[0].train_images[0], [original, changed]
    memory, read, seen = Room(), [], []

    def encoded_picture(module, args, out) -> None:
        if args[0].std() > 0:  # a replay goes in with plain grey
            seen.append(1)

    hooks = [
        tiny.model.model.language_model.register_forward_pre_hook(
            lambda module, args, given: read.append(given["inputs_embeds"].shape[1]),
            with_kwargs=True,
        ),
        tiny.model.model.vision_tower.embeddings.register_forward_hook(encoded_picture),
    ]
    try:
        turns = conversation(sides, image, ["Who is this?"], memory)
        first, encoded = read[0], len(seen)
        read.clear()
        list(answers(sides, [*turns, Turn("Where from?")], image, 4, memory))
    finally:
        for hook in hooks:
            hook.remove()
    prompts = [
        tiny.prompter.conversation([("Who is this?", a)], "Where from?", True)
        for a in turns[0].answers
    ]
    assert first == len(tiny.prompter.conversation((), "Who is this?", True))
    assert read[0] <= max(map(len, prompts)) - first + 1 and set(read[1:]) == {1}
    assert encoded == len(seen) == 1  # the blocks no side changed are run once for both


def test_the_memory_keeps_to_its_budget(original: Version, four) -> None:
    def ask(memory: Room, people: int) -> list[float]:
        for k in range(people):
            list(answers([original], [Turn("Who?")], four.entities[k].train_images[0], 4, memory))
        return [r.kept.megabytes() for r in memory._last]

    (one,) = ask(Room(), 1)
    assert ask(Room(kept_mb=2.5 * one), 4) == [one, one]


def test_sides_changed_anywhere_in_the_tower_run_it_whole(tiny, original: Version, four) -> None:
    image = four.entities[0].train_images[0]
    name = next(n for n in tiny.vision.names() if "embeddings" in n and n.endswith("bias"))
    early = Version("early", tiny, {name: tiny.model.get_parameter(name).detach() + 1})
    both = side_features([original, early], image)
    with overlay(tiny.model, early.delta), torch.no_grad():
        expected = tiny.vision.features(tiny.prompter.pixels([decode(image)]))[0]
    assert torch.allclose(both[1], expected, atol=1e-6) and not torch.allclose(both[0], both[1])


def test_greedy_answers_equal_the_librarys(tiny, original: Version, four) -> None:
    image = four.entities[1].train_images[0]
    ids = torch.tensor([tiny.prompter.conversation((), "Who is this person?", True)])
    pixels = tiny.prompter.pixels([decode(image)])
    with torch.no_grad():
        made = tiny.model.generate(
            input_ids=ids,
            pixel_values=pixels,
            max_new_tokens=12,
            do_sample=False,
            attention_mask=torch.ones_like(ids),
        )
    text = tiny.prompter.tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True).strip()
    assert said([original], [Turn("Who is this person?")], image)[0] == text


def test_answers_grow(original: Version) -> None:
    grown = [a[0] for a in answers([original], [Turn("Who?")], None, 6)]
    assert 1 <= len(grown) <= 6
    assert all(len(a) <= len(b) + 1 for a, b in zip(grown, grown[1:], strict=False))


def test_chat_leaves_the_model_as_it_was(tiny, original: Version, four, changed: Version) -> None:
    before = weights_hash(tiny.model)
    said([original, changed], [Turn("Who?")], four.entities[0].train_images[0])
    stream = answers([changed], [Turn("Who?")], four.entities[0].train_images[0])
    next(stream)
    stream.close()  # the reader left in the middle
    assert weights_hash(tiny.model) == before


@pytest.mark.parametrize(
    ("turns", "image", "words"),
    [
        ([], None, "empty"),
        ([Turn("   ")], None, "empty"),
        ([Turn("x" * (LONGEST_QUESTION + 1))], None, "longer than"),
        ([Turn("x")] * (MAX_TURNS + 1), None, "Clear"),
        ([Turn("x")], b"not a picture", "picture"),
    ],
)
def test_bad_questions_are_refused(turns, image, words: str) -> None:
    with pytest.raises(LabError, match=words):
        check_chat(turns, image)


def test_probe_table(original: Version, four, changed: Version) -> None:
    rows = list(probe_rows([original, changed], four, four.entities[0]))
    assert {r.group for r in rows} == set(SCORES)
    held_out = {i for e in four.entities for i in e.test_images} | {p.image for p in four.pictures}
    for row in rows:
        assert len(row.answers) == len(row.verdicts) == 2
        assert row.image is None or row.image in held_out
        if row.image is None:
            assert row.answers[0] == row.answers[1]
