"""Every method of the field by name: one loop trains them, one evaluator judges them."""

from __future__ import annotations

from lab.unlearn import grad_ascent, grad_diff, kl_min, manu, mmunlearner, npo, silence, vgid, vkd
from lab.unlearn.method import Method

METHODS: dict[str, Method] = {
    "vkd": vkd.METHOD,
    "mmunlearner": mmunlearner.METHOD,
    "vgid": vgid.METHOD,
    "manu": manu.METHOD,
    "grad_ascent": grad_ascent.METHOD,
    "grad_diff": grad_diff.METHOD,
    "kl_min": kl_min.METHOD,
    "npo": npo.METHOD,
    "silence": silence.METHOD,
}
