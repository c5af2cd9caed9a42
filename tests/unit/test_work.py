"""Speed, guarded by counted work instead of time: tokens, backward passes and encoded pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import torch

from lab.model.overlay import overlay
from lab.model.sequences import pack
from lab.saliency.fisher import squared_gradients
from lab.unlearn.batches import Rows
from lab.unlearn.loop import inspect
from lab.unlearn.methods import METHODS
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student
from lab.unlearn.task import task_of
from tests.unit import tiny as make


@dataclass
class Work:
    """What was done: language-model tokens, backward passes, pictures through the shallow blocks."""

    tokens: int = 0
    backwards: int = 0
    encoded: int = 0


@contextmanager
def counted(loaded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    work = Work()

    def count_tokens(module, args, kwargs) -> None:
        work.tokens += kwargs["inputs_embeds"].shape[0] * kwargs["inputs_embeds"].shape[1]

    def count_pictures(module, args) -> None:
        work.encoded += args[0].shape[0]

    backward = torch.Tensor.backward

    def count_backward(tensor, *args, **kwargs):
        work.backwards += 1
        return backward(tensor, *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "backward", count_backward)
    # a block that is answered for is called and computes nothing, so its first layer counts
    first = next(m for m in loaded.vision.block_modules[0].modules() if not list(m.children()))
    handles = [
        loaded.model.model.language_model.register_forward_pre_hook(count_tokens, with_kwargs=True),
        first.register_forward_pre_hook(count_pictures),
    ]
    try:
        yield work
    finally:
        for handle in handles:
            handle.remove()
        monkeypatch.undo()


def test_a_vkd_step_asks_the_language_model_about_the_forget_batch_alone(
    tiny, four, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, outcome = make.recipe(), Outcome()
    list(inspect(tiny, task_of(four, plan), outcome, lambda: False))
    student, rows = (
        Student(tiny, METHODS[plan.method], plan, outcome),
        Rows(four, four.entities[0], 0),
    )
    with counted(tiny, monkeypatch) as work:
        list(student.prepare(rows))
    # a picture's frozen part is computed once a run: nine portraits of others, the plain
    # pictures, three views of the target
    assert work.encoded == 9 + len(four.train_pictures) + 3 and work.tokens == 0
    for _ in range(4):
        drawn = rows.draw(plan)
        trees = [tiny.prompter.tree(k, asked) for k, (_, asked) in enumerate(drawn.forget)]
        with counted(tiny, monkeypatch) as work:
            student.update(drawn)
        assert work.tokens == pack(trees, tiny.prompter.pad_id, tiny.device).ids.numel()
        assert work.backwards == 2  # the forget term, gated by the mask, and the retain term
        assert work.encoded == 0


def test_questions_about_one_picture_share_its_tokens(tiny, four) -> None:
    image, asked = Rows(four, four.entities[0], 0).forget_batch(1)[0]
    together = pack([tiny.prompter.tree(0, asked)], tiny.prompter.pad_id, tiny.device).ids.numel()
    apart = sum(
        pack([tiny.prompter.tree(0, [one])], tiny.prompter.pad_id, tiny.device).ids.numel()
        for one in asked
    )
    shared = len(tiny.prompter.prefix(True).ids)
    assert together == apart - shared * (len(asked) - 1)


def test_exact_fisher_of_many_samples_is_one_backward_pass(
    tiny, four, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = Rows(four, four.entities[0], 0).fisher_samples(8)[0]
    with overlay(tiny.model, {}), counted(tiny, monkeypatch) as work:
        squared_gradients(tiny, tiny.vision.layers(2), samples)
    assert work.backwards == 1
