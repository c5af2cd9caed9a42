"""What visitors have asked of the models and not been answered yet, beside their runs and chats."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Looks:
    """The looks under way, by visitor: each is noted while the question is being answered."""

    def __init__(self) -> None:
        self._of: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    @contextmanager
    def during(self, visitor: str, kind: str) -> Iterator[None]:
        """Note a look of this kind for as long as the block runs, however that ends."""
        with self._lock:
            self._of.append((visitor, kind))
        try:
            yield
        finally:
            with self._lock:
                self._of.remove((visitor, kind))

    def now(self, visitor: str) -> Sequence[str]:
        """The kinds of a visitor's looks under way, oldest first, each once."""
        with self._lock:
            return [*dict.fromkeys(kind for who, kind in self._of if who == visitor)]
