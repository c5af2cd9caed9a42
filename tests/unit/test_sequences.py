"""Token trees: packed scores equal separate rows; special tokens in user text stay text."""

from __future__ import annotations

import pytest
import torch

from lab.benchmarks.images import decode
from lab.evaluation.asks import questions
from lab.evaluation.questions import Ask, choose
from lab.model.sequences import (
    TARGETS,
    Segment,
    Tree,
    pack,
    segment_means,
    target_distributions,
    target_log_probs,
)

CPU = torch.device("cpu")
ASKED = [
    ("What is the name of this person?", ["Ada Almeida", "Bruno Bell", "x"]),
    ("Where?", ["Oslo", "a much longer answer than the others are"]),
]


def separate(loaded, tree: Tree, pixels: torch.Tensor | None) -> list[float]:
    """Mean log-probability of each target, each alone through the whole multimodal model."""
    scores = []
    for segment in tree.segments:
        if not segment.target:
            continue
        ids, at = list(segment.ids), segment.parent
        while at >= 0:
            ids, at = [*tree.segments[at].ids, *ids], tree.segments[at].parent
        extra = {} if pixels is None else {"pixel_values": pixels}
        with torch.no_grad():
            logits = loaded.model(input_ids=torch.tensor([ids]), **extra).logits[0]
        n = len(segment.ids)
        found = torch.log_softmax(logits[-n - 1 : -1], -1)
        scores.append(float(found.gather(-1, torch.tensor(segment.ids)[:, None]).mean()))
    return scores


@pytest.mark.parametrize("which", ["tiny", "tiny_clip"])
def test_packed_image_scores_equal_separate_rows(which, request, four) -> None:
    loaded = request.getfixturevalue(which)
    pixels = loaded.prompter.pixels([decode(e.train_images[0]) for e in four.entities[:2]])
    trees = [loaded.prompter.tree(1, ASKED), loaded.prompter.tree(0, ASKED[:1])]
    packed = pack(trees, loaded.prompter.pad_id, CPU)
    with torch.no_grad():
        features = loaded.vision.features(pixels)
        made = segment_means(target_log_probs(loaded.model, packed, features), packed).tolist()
    expected = separate(loaded, trees[0], pixels[1:]) + separate(loaded, trees[1], pixels[:1])
    assert made == pytest.approx(expected, abs=1e-4)
    assert abs(expected[0] - expected[5]) > 1e-3  # the picture matters


def test_packed_text_scores_equal_separate_rows(tiny) -> None:
    trees = [tiny.prompter.tree(None, ASKED), tiny.prompter.tree(None, ASKED[1:])]
    packed = pack(trees, tiny.prompter.pad_id, CPU)
    with torch.no_grad():
        made = segment_means(target_log_probs(tiny.model, packed, None), packed).tolist()
    assert made == pytest.approx(
        separate(tiny, trees[0], None) + separate(tiny, trees[1], None), abs=1e-4
    )


def test_few_distributions_are_there_at_a_time_without_a_gradient(tiny) -> None:
    answers = [f"an answer of some length, the {k} of them" for k in range(20)]
    packed = pack([tiny.prompter.tree(None, [("Where?", answers)])], tiny.prompter.pad_id, CPU)
    rows: list[int] = []
    hook = tiny.model.lm_head.register_forward_hook(lambda _, args, out: rows.append(len(args[0])))
    try:
        with torch.no_grad():
            made = target_log_probs(tiny.model, packed, None)
            whole = target_distributions(tiny.model, packed, None)
        with torch.enable_grad():
            target_log_probs(tiny.model, packed, None)
    finally:
        hook.remove()
    n = len(packed.targets)
    assert n > 3 * TARGETS and rows[-2:] == [n, n]
    assert max(rows[:-2]) == TARGETS and sum(rows[:-2]) == n
    assert torch.allclose(made, whole.gather(-1, packed.targets[:, None])[:, 0], atol=1e-6)


def test_a_small_tree_by_hand() -> None:
    # prefix 7 8, question 9, answers 1 2 and 3: what each token sees, and where it stands
    tree = Tree(
        (Segment((7, 8), -1), Segment((9,), 0), Segment((1, 2), 1, True), Segment((3,), 1, True))
    )
    packed = pack([tree], 0, CPU)
    assert packed.ids.tolist() == [[7, 8, 9, 1, 2, 3]]
    assert packed.positions.tolist() == [[0, 1, 2, 3, 4, 3]]
    assert packed.mask[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 0],
        [1, 1, 1, 0, 0, 1],
    ]
    assert packed.index.tolist() == [2, 3, 2] and packed.targets.tolist() == [1, 2, 3]
    assert packed.segment.tolist() == [0, 0, 1] and packed.n_segments == 2
    assert segment_means(torch.tensor([1.0, 3.0, 5.0]), packed).tolist() == [2.0, 5.0]


def test_the_batch_does_not_change_an_answer(tiny, four) -> None:
    asks = [
        Ask(q, image)
        for e in four.entities
        for image in e.test_images
        for q in questions(e, "classification", "image")
    ]
    asks += [Ask(q) for e in four.entities for q in questions(e, "classification", "text")]
    together = choose(tiny, asks)
    assert together == [choose(tiny, [ask])[0] for ask in asks]
    assert all(v.answer in a.question.options for v, a in zip(together, asks, strict=True))


@pytest.mark.parametrize(
    "token", ["<|im_end|>", "<|im_start|>", "<|endoftext|>", "<reponame>", "<repo_name>"]
)
def test_special_tokens_in_user_text_are_neutralised(token: str, tiny) -> None:
    special = {i for i, t in tiny.prompter.tokenizer.added_tokens_decoder.items() if t.special}
    plain = tiny.prompter.question("Who is it?").ids
    hostile = tiny.prompter.question(f"Who {token}is it?{token}").ids
    assert [i for i in hostile if i in special] == [i for i in plain if i in special]
    turns = [(f"a{token}b", f"c{token}d")]
    row = tiny.prompter.conversation(turns, f"{token}?", image=True)
    harmless = tiny.prompter.conversation([("ab", "cd")], "?", image=True)
    assert [i for i in row if i in special] == [i for i in harmless if i in special]


def test_prompts_are_the_chat_templates(tiny) -> None:
    prompter = tiny.prompter
    text = prompter.processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "text", "text": "Who?"}]}],
        add_generation_prompt=True,
    )
    assert prompter.tokenizer.decode(prompter.conversation((), "Who?", False)) == text
    with_image = prompter.tokenizer.decode(prompter.conversation((), "Who?", True))
    assert with_image.count("<reponame>") == 5
    assert with_image.replace(
        "<reponame>" * 5, "<reponame>"
    ) == prompter.processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Who?"}]}],
        add_generation_prompt=True,
    )
