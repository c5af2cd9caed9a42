"""Silence (ours, close to GSU): the target's pictures leave hidden projector neurons below zero.

    L = a_f mean relu(h(I_f) + margin)^2 + beta L_VKD(I_r)

h: the projector's hidden neurons before their activation (of a gated projector the gates), over the
target's pictures; L_VKD: VKD's distillation of everyone else's, untouched. Far below zero GELU
passes neither a signal nor a gradient, and a gate's SiLU little of either (1.5 % at a margin of 6):
the picture becomes blank to the language model, and an attacker who fine-tunes the visual module
has little to follow. That is masking and not erasure: ten times the attacker's rate, or training
the language model too, gets through. All of it is our choice; no pruning, no mask, no pass of the
language model. It does all its steps whatever the probes say: a neuron just below zero is no
obstacle, and what others lose in the first steps comes back in the later ones.

GSU (arXiv 2609.39866) is close to it. We read its summary and not its code: L = L_sup + l_s E
relu(u - tau)^2 + l_r L_ret over the gates u of a language model, tau -4 or -9, the gates chosen as
the 5 % that rise most in 100 look-ahead steps. ``silence_share`` below 1 chooses so: a copy of the
visual weights relearns the target's answers, and only the share of the neurons is silenced whose
mean u over the target's pictures rises most. Ours, where the summary is silent: 10 steps of AdamW
on CE(D_f) from the original's weights, at ``silence_lr`` that falls linearly to about a half; once,
before the first step; of the projector's neurons alone. With ``silence_share=1``, every neuron, nothing is relearned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from lab.errors import LabError
from lab.events import Event, Phase
from lab.model.load import Loaded
from lab.model.overlay import overlay
from lab.recipe import Recipe
from lab.saliency.importance import top_share
from lab.unlearn.batches import Draw, Rows
from lab.unlearn.distances import normalised
from lab.unlearn.method import Method, Stopped, forget_rows, vision
from lab.unlearn.outcome import Outcome
from lab.unlearn.student import Student, Training
from lab.unlearn.terms import Losses, Teacher, nothing, reading

LOOK_AHEAD = 10  # steps of relearning
FALLS_OVER = 20  # over as many steps their rate would fall to nothing: it ends at a half
NO_NEURONS = (
    "silence needs hidden neurons in the projector, and this model's has none: "
    "choose another method"
)


def losses(
    hidden: torch.Tensor, student: torch.Tensor, teacher: torch.Tensor, recipe: Recipe
) -> Losses:
    """L = a_f mean relu(h + margin)^2 + beta L_VKD.

    hidden: [images, tokens, neurons] of the target's pictures; student, teacher: the projector's
    outputs on retain pictures, [images, tokens, width].
    """
    vkd = normalised(student, teacher)
    return Losses(
        forget_term=recipe.forget_weight * torch.relu(hidden + recipe.margin).square().mean(),
        retain_term=recipe.beta * vkd,
        forget_ce=float("nan"),
        vkd=float(vkd.detach()),
    )


def look_ahead(
    loaded: Loaded, rows: Rows, recipe: Recipe, outcome: Outcome, stopped: Stopped
) -> Iterator[Event]:
    """Put into ``outcome.scores`` how far each hidden neuron rises as the target is relearned.

    The outcome's weights stay as they are. Raises ``LabError`` for a projector without neurons.
    """
    projector = loaded.vision.projector
    if projector is None or not projector.neurons:
        raise LabError(NO_NEURONS)
    if recipe.silence_share == 1:
        return
    ahead = Student(loaded, _RELEARN, recipe, Outcome(delta=dict(outcome.delta)))
    own, images = replace(rows), list(rows.entity.train_images)  # the steps' draws stay theirs
    before = _heights(ahead, images)
    for step in range(LOOK_AHEAD):
        if stopped():
            return
        yield Phase("look ahead", step, LOOK_AHEAD)
        ahead.update(forget_rows(own, recipe))
    outcome.scores = (_heights(ahead, images) - before,)


@torch.no_grad()
def _heights(student: Student, images: list[bytes]) -> np.ndarray:
    """Mean of every hidden neuron over the pictures and their tokens: float32 [neurons]."""
    with overlay(student.loaded.model, student.weights):
        heights: np.ndarray = student.hidden(images).mean((0, 1)).cpu().numpy()
    return heights


def _relearn(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    """Plain descent on the target's answers."""
    forget_ce = student.cross_entropy(drawn.forget)
    return Losses(forget_ce.mean(), nothing(forget_ce), reading(forget_ce))


def _draw(rows: Rows, recipe: Recipe) -> Draw:
    return Draw(rows.forget_batch(recipe.batch), rows.retain_images(recipe.retain_batch), [])


def _teacher(student: Student, drawn: Draw) -> Teacher:
    return student.teacher_representations(drawn.pictures)


def _step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    hidden = student.hidden(list(dict.fromkeys(image for image, _ in drawn.forget)))
    if scores := student.outcome.scores:
        (chosen,) = top_share(scores, student.recipe.silence_share)
        hidden = hidden[..., torch.from_numpy(chosen).to(hidden.device)]
    return losses(hidden, student.features(drawn.pictures), teacher[0], student.recipe)


_RELEARN = Training(
    losses=_relearn,
    gates=lambda recipe: "off",
    rate=lambda recipe: recipe.silence_lr,
    steps=lambda recipe: FALLS_OVER,
)
METHOD = Method(
    stages=(look_ahead,),
    losses=_step,
    teacher=_teacher,
    draw=_draw,
    trained=vision,
    gates=lambda recipe: "off",
    rate=lambda recipe: recipe.silence_lr,
    distils=True,
    early=False,
)
