"""VKD: capped ascent on the target's answers, distillation of everyone else's visual features.

    L = -a_f CE(D_f) + a_r CE(D_r) + beta L_VKD,   L_VKD = ||P(V(I)) - P_0(V_0(I))||^2 / ||P_0(V_0(I))||^2
    destination=stranger_...:  0.3 a_f beta ||P(V(I_f)) - s||^2 / ||s||^2 in place of -a_f CE(D_f)
    destination=unknown:  the answers about a stranger beside -CE(D_f): ``lab/unlearn/unknown.py``

after pruning (stage 1) and within a Fisher mask (stage 2). Source: arXiv 2512.11325 as far as it
could be read (no equation was): output loss + beta * VKD loss, distilled at the projector output
on retain pictures, teacher = the frozen original. Ours: the cap, the normalisation, plain
pictures among the retain pictures, no retain cross-entropy by default, V(I) in place of P(V(I))
or beside it (``distil``), other distances in place of this one (``distance``), and a destination of
the target's features, s: what P_0 V_0 makes of strangers' pictures (``destination``). It weighs
``PULL`` times what the distillation does. Both were chosen on people 001, 011, 021 and 031 by Forget
VQA, Retain VQA, still sees and names somebody else together: by judgement, of which no file was kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from lab.events import Event
from lab.model.load import Loaded
from lab.recipe import Recipe
from lab.unlearn import unknown
from lab.unlearn.aims import Aims
from lab.unlearn.alike import alike
from lab.unlearn.batches import Draw, Rows
from lab.unlearn.distances import BY_NAME, Distance, normalised
from lab.unlearn.method import Method, Stopped, vision
from lab.unlearn.outcome import Outcome
from lab.unlearn.stages import mask_stage, prune_stage
from lab.unlearn.student import Student
from lab.unlearn.terms import Losses, Teacher, capped_ascent, reading

PULL = 0.3  # of the distillation's weight: how much a target is drawn to where it goes


def losses(
    forget_ce: torch.Tensor,
    retain_ce: torch.Tensor | None,
    student: Teacher,
    teacher: Teacher,
    recipe: Recipe,
) -> Losses:
    """L = -a_f CE(D_f) + a_r CE(D_r) + beta L_VKD.

    forget_ce, retain_ce: mean CE per sample [n]; student, teacher: the distilled outputs of the
    retain pictures, each [images, tokens, width]. Of several, L_VKD is the mean over them, so that
    beta weighs the same (our choice).
    """
    term, read = away(forget_ce, recipe), reading(forget_ce)
    return with_retain(term, read, retain_ce, student, teacher, recipe)


def with_retain(
    forget_term: torch.Tensor,
    forget_ce: float,
    retain_ce: torch.Tensor | None,
    student: Teacher,
    teacher: Teacher,
    recipe: Recipe,
) -> Losses:
    """L = the forget term + a_r CE(D_r) + beta L_VKD; the rest as in ``losses``.

    forget_ce: its reading, NaN where the language model is not asked about the target.
    """
    vkd = mean_distance(BY_NAME[recipe.distance], student, teacher)
    retain_term = recipe.beta * vkd
    if retain_ce is not None:
        retain_term = retain_term + recipe.retain_weight * retain_ce.mean()
    return Losses(
        forget_term=forget_term,
        retain_term=retain_term,
        forget_ce=forget_ce,
        retain_ce=float("nan") if retain_ce is None else reading(retain_ce),
        vkd=float(vkd.detach()),
    )


def away(forget_ce: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """-a_f CE(D_f), capped; forget_ce: [n]."""
    return recipe.forget_weight * capped_ascent(forget_ce, recipe.ascent_cap)


def towards(moved: Teacher, places: Teacher, recipe: Recipe) -> torch.Tensor:
    """PULL a_f beta ||moved - place||^2 / ||place||^2, each [pictures, tokens, width]."""
    return PULL * recipe.forget_weight * recipe.beta * mean_distance(normalised, moved, places)


def mean_distance(distance: Distance, student: Teacher, teacher: Teacher) -> torch.Tensor:
    """Mean over the distilled outputs of their distances, each [images, tokens, width]; a scalar."""
    return torch.stack([distance(s, t) for s, t in zip(student, teacher, strict=True)]).mean()


def places_of(target: Teacher, strangers: Teacher, destination: str) -> Teacher:
    """Where each picture of the target is to go: the nearest stranger, or else the strangers' mean.

    target, strangers: the frozen original's outputs, each [pictures, tokens, width]. Returns one
    place a picture of the target, in the shape of ``target``. Near is by the normalised distance,
    over several outputs by its mean.
    """
    if destination != "stranger_nearest":  # of the one that is drawn, the mean is itself
        return tuple(s.mean(0).expand_as(t) for t, s in zip(target, strangers, strict=True))
    far = torch.stack(
        [torch.stack([_far(one, s) for one in t]) for t, s in zip(target, strangers, strict=True)]
    )
    chosen = far.mean(0).argmin(1)
    return tuple(s[chosen] for s in strangers)


def _far(one: torch.Tensor, strangers: torch.Tensor) -> torch.Tensor:
    """The normalised distance of one picture [tokens, width] to each of the strangers: [strangers]."""
    difference = (strangers - one).flatten(1).square().sum(1)
    return difference / strangers.flatten(1).square().sum(1)


def _draw(rows: Rows, recipe: Recipe) -> Draw:
    return rows.draw(recipe)


def _teacher(student: Student, drawn: Draw) -> Teacher:
    kept = student.teacher_representations(drawn.pictures)
    if not student.aims.pictures:
        return kept
    target = student.teacher_representations(_targets(drawn))
    strangers = student.teacher_representations(list(student.aims.pictures))
    return (*kept, *places_of(target, strangers, student.recipe.destination))


def _step(student: Student, drawn: Draw, teacher: Teacher) -> Losses:
    term, forget_ce = _forget(student, drawn, teacher)
    retain_ce, kept = _retain(student, drawn)
    others = teacher[: len(kept)]  # behind them are the places of the target's pictures
    return with_retain(term, forget_ce, retain_ce, kept, others, student.recipe)


def _aims(student: Student, rows: Rows) -> Aims:
    if student.recipe.destination == "unknown":
        return unknown.aims_of(student, rows)
    if student.recipe.destination == "stranger_alike":
        return Aims([alike(student, rows)])
    return Aims(rows.strangers(student.recipe))


def kept_losses(student: Student, drawn: Draw, teacher: Teacher, forget_ce: torch.Tensor) -> Losses:
    """A step's losses with a given CE(D_f), whoever made it: [n]."""
    return losses(forget_ce, *_retain(student, drawn), teacher, student.recipe)


def _retain(student: Student, drawn: Draw) -> tuple[torch.Tensor | None, Teacher]:
    """The retain rows' CE, where they count, and the outputs of the pictures to distil on."""
    retain_ce = student.cross_entropy(drawn.retain) if drawn.retain else None
    return retain_ce, student.representations(drawn.pictures)


def forget_term(student: Student, drawn: Draw, teacher: Teacher) -> torch.Tensor:
    """The forget term of a step alone, under the weights now laid on."""
    return _forget(student, drawn, teacher)[0]


def _forget(student: Student, drawn: Draw, teacher: Teacher) -> tuple[torch.Tensor, float]:
    """The forget term and its mean CE(D_f) as a reading, NaN where nothing is asked."""
    if student.aims.pictures:
        moved = student.representations(_targets(drawn))
        return towards(moved, teacher[-len(moved) :], student.recipe), float("nan")
    if student.aims.seen:
        return unknown.loss(student, drawn.forget)
    forget_ce = student.cross_entropy(drawn.forget)
    return away(forget_ce, student.recipe), reading(forget_ce)


def _targets(drawn: Draw) -> list[bytes]:
    return [image for image, _ in drawn.forget]


def _prune_stage(
    loaded: Loaded, rows: Rows, recipe: Recipe, outcome: Outcome, stopped: Stopped
) -> Iterator[Event]:
    """Prune, after a refusal of what could not be trained later."""
    rows.strangers(recipe)
    yield from prune_stage(loaded, rows, recipe, outcome, stopped)


METHOD = Method(
    stages=(_prune_stage, mask_stage),
    losses=_step,
    teacher=_teacher,
    draw=_draw,
    trained=vision,
    gates=lambda recipe: recipe.mask_mode,
    distils=True,
    aims=_aims,
)
