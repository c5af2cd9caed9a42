"""UNDO for the visual module: forget by VKD, disturb the weights, distil the unlearned model back.

    1. VKD, with its stages, its mask and its destination: the weights theta_u
    2. W <- (1 - a) W + a b N   for each two-dimensional trained weight, N Xavier-uniform
    3. L = E ||P_s(I) - P_u(I)||^2 / ||P_u(I)||^2   over others' portraits, plain pictures, strangers

P_u: the projector's output at theta_u, P_s: the student's. Source: UNDO (arXiv 2506.06278) and its
released code (``do_corruption`` of AddieFoote/distillation-robustify-unlearning), which is about
language models: all weights are disturbed and the loss is KL(teacher || student). What lies in the
weights and is not needed for what is distilled does not come back.

Ours: that it is done to the visual module; VKD in front, also towards strangers
(``destination``), which is a cross of two methods; features in place of next words, so that the
language model is not needed after VKD; the target's pictures are left out; biases are left alone
(the released code shrinks tensors of one dimension too); pruned neurons stay zero;
``undo_share``, noise on the in-rows and out-columns of the neurons that fire most for the target
alone, by VKD's importance (others have done so in language models by other rankings); linear decay.
VKD's mask holds for VKD's own steps. After the noise every weight but the pruned ones may move.
"""

from __future__ import annotations

import torch

from lab.model.vision import NeuronLayer
from lab.recipe import Recipe
from lab.saliency.importance import top_share
from lab.unlearn import vkd
from lab.unlearn.batches import Draw, Rows
from lab.unlearn.distances import normalised
from lab.unlearn.method import Method, Second
from lab.unlearn.stages import places
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, nothing


def disturbed(
    weight: torch.Tensor, alpha: float, beta: float, draw: torch.Generator
) -> torch.Tensor:
    """(1 - alpha) W + alpha beta N; weight: [rows, columns].

    N is Xavier-uniform, within sqrt(6 / (rows + columns)). It is drawn on the CPU, so that a seed
    means the same on every device.
    """
    noise = torch.nn.init.xavier_uniform_(torch.empty(weight.shape), generator=draw)
    return (1 - alpha) * weight + alpha * beta * noise.to(weight)


def chosen(student: Student) -> dict[str, torch.Tensor]:
    """Where the noise goes, bool by name: every matrix, or a share of the neurons' rows and columns."""
    recipe, weights = student.recipe, student.weights
    matrices = {n: w for n, w in weights.items() if w.dim() == 2}
    if recipe.undo_share == 1:
        return {n: torch.ones_like(w, dtype=torch.bool) for n, w in matrices.items()}
    layers: tuple[NeuronLayer, ...] = student.loaded.vision.layers(recipe.blocks)
    marked = places(weights, layers, top_share(student.outcome.scores, recipe.undo_share))
    return {n: marked[n] for n in matrices}


@torch.no_grad()
def begin(student: Student) -> None:
    """Let the unlearned weights teach, and disturb the student's own; pruned neurons stay zero."""
    recipe, draw = student.recipe, torch.Generator().manual_seed(student.recipe.seed)
    student.taught = dict(student.start)
    for name, where in chosen(student).items():
        weight = student.weights[name]
        noisy = disturbed(weight, recipe.undo_alpha, recipe.undo_beta, draw)
        weight.copy_(torch.where(where, noisy, weight))
    student.restore()


def losses(student: Teacher, teacher: Teacher) -> Losses:
    """L = mean over the distilled outputs of ||P_s - P_u||^2 / ||P_u||^2.

    student, teacher: the distilled outputs, each [images, tokens, width]. There is no forget term.
    """
    distance = vkd.mean_distance(normalised, student, teacher)
    return Losses(nothing(distance), distance, float("nan"), vkd=float(distance.detach()))


def _draw(rows: Rows, recipe: Recipe) -> Draw:
    return Draw([], rows.repair_images(recipe.retain_batch), [])


def _teacher(student: Student, drawn: Draw) -> Teacher:
    return student.teacher_representations(drawn.pictures)


def _step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    return losses(student.representations(drawn.pictures), teacher)


_FIRST = vkd.METHOD
METHOD = Method(
    stages=_FIRST.stages,
    losses=_FIRST.losses,
    teacher=_FIRST.teacher,
    draw=_FIRST.draw,
    trained=_FIRST.trained,
    gates=_FIRST.gates,
    distils=True,
    aims=_FIRST.aims,
    second=Second(
        begin=begin,
        draw=_draw,
        losses=_step,
        teacher=_teacher,
        gates=lambda recipe: "off",
        rate=lambda recipe: recipe.undo_lr,
        steps=lambda recipe: recipe.undo_steps,
        distils=True,
        pool=lambda rows: rows.repair_pool,
    ),
)
