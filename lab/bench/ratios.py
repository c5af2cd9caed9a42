"""Ratios: two things timed in turn in one run, as medians with n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ratio:
    """One comparison: medians in seconds over ``n`` rounds; ``target`` is the goal in words."""

    name: str
    what: str
    seconds: float
    against: str
    against_seconds: float
    n: int
    target: str

    def row(self) -> dict[str, Any]:
        """The comparison as a JSON object; ``ratio`` is what / against."""
        return {
            "name": self.name,
            "what": self.what,
            "seconds": round(self.seconds, 4),
            "against": self.against,
            "against_seconds": round(self.against_seconds, 4),
            "ratio": round(self.seconds / self.against_seconds, 3),
            "n": self.n,
            "target": self.target,
        }
