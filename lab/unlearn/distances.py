"""How far the student's visual features are from the teacher's: the distances that VKD can distil by.

    normalised   mean_i ||s_i - t_i||^2 / ||t_i||^2                                     (our choice)
    cosine       mean_ij 1 - cos(s_ij, t_ij)                   DistilBERT's loss, arXiv 1910.01108
    smooth_l1    mean_ijk h((s_ijk - t_ijk) / r_i)                Huber's h, as in arXiv 1504.08083
    relational   mean_{i<m} h(||s_i - s_m|| / mu_s - ||t_i - t_m|| / mu_t)   RKD, arXiv 1904.05068

s, t: student and teacher, image i, m, token j, width k. h(x) = x^2 / 2 for |x| < 1, else |x| - 1/2;
r_i: root mean square of t_i, so that h bends where a difference is as large as the teacher's own
values are (our choice); mu: the mean of its side's ||. - .|| over all pairs. RKD's other half, the
angles of three pictures, is left out. For small differences smooth_l1 is half of normalised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch.nn.functional import cosine_similarity, smooth_l1_loss

from lab.errors import LabError
from lab.recipe import DISTANCES

Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # [images, tokens, width] each


def normalised(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Mean over images of ||s - t||^2 / ||t||^2: it makes beta portable between models."""
    difference = (student - teacher).flatten(1).square().sum(1)
    return (difference / teacher.flatten(1).square().sum(1)).mean()


def cosine(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Mean over images and tokens of 1 - cos(s, t): directions alone, no lengths."""
    return (1 - cosine_similarity(student, teacher, dim=-1)).mean()


def smooth_l1(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Mean over all values of Huber's loss of the difference over the teacher's root mean square."""
    scale = teacher.flatten(1).square().mean(1).sqrt()[:, None, None]
    return smooth_l1_loss(student / scale, teacher / scale)


def relational(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Huber's loss over pairs of images, of their distance over the mean distance of all pairs.

    Raises ``LabError`` for a single image.
    """
    if len(student) < 2:
        raise LabError(
            "distance=relational compares pictures in pairs, and a step has only one: choose a "
            "larger retain_batch or another distance"
        )
    wide = torch.promote_types(student.dtype, torch.float32)  # pdist has no half precision
    one, other = (torch.pdist(side.flatten(1).to(wide)) for side in (student, teacher))
    return smooth_l1_loss(one / one.mean(), other / other.mean())


_BY_NAME = (normalised, cosine, smooth_l1, relational)
BY_NAME: Mapping[str, Distance] = dict(zip(DISTANCES, _BY_NAME, strict=True))
