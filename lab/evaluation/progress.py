"""Reports how many answers there are, and about how long the rest will take."""

from __future__ import annotations

import time

from lab.model.fetch import Report

EVERY = 10.0  # seconds between two lines


class Progress:
    """Reports how many answers there are, and about how long the rest will take."""

    def __init__(self, who: str, total: int, report: Report) -> None:
        self.who, self.total, self.report, self.done = who, total, report, 0
        self.begun = self.said = time.monotonic()

    def add(self, count: int) -> None:
        """Count a batch, and report every ``EVERY`` seconds and at the end."""
        self.done += count
        now = time.monotonic()
        if now - self.said < EVERY and self.done < self.total:
            return
        self.said = now
        left = (now - self.begun) / self.done * (self.total - self.done)
        about = f", about {left / 60:.0f} min left" if self.done < self.total else ""
        self.report(f"{self.who}: {self.done} of {self.total} answers{about}")
