"""Fair queues: visitors take turns, one item each, with limits for each visitor."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

from lab.errors import LabError

T = TypeVar("T")


class Turns(Generic[T]):
    """Items that wait, by visitor; the next one is of the visitor who was served longest ago.

    ``each``: how many items of one visitor may wait ("" is the lab itself and has no limit).
    ``most``: how many may wait in total. ``what``: the plural that the messages use. Any thread may
    call.
    """

    def __init__(self, each: int, most: int, what: str) -> None:
        self.each, self.most, self.what = each, most, what
        self._rows: dict[str, deque[T]] = {}  # in the order of who is next
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._rows.values()))

    def check(self, visitor: str) -> None:
        """Raise ``LabError`` if one more item, of this visitor or in total, is too many."""
        with self._lock:
            waiting = len(self._rows.get(visitor, ()))
            if visitor and waiting >= self.each:
                raise LabError(
                    f"{waiting} {self.what} of yours are waiting already: wait for one to end, or "
                    "stop one, then try again"
                )
            if sum(map(len, self._rows.values())) >= self.most:
                raise LabError(f"{self.most} {self.what} are waiting already: try again later")

    def add(self, visitor: str, item: T) -> None:
        """Put an item at the end of its visitor's queue."""
        with self._lock:
            self._rows.setdefault(visitor, deque()).append(item)

    def next(self) -> T | None:
        """Take out the next item; None if nothing waits."""
        with self._lock:
            if not self._rows:
                return None
            visitor = next(iter(self._rows))
            row = self._rows.pop(visitor)
            item = row.popleft()
            if row:
                self._rows[visitor] = row  # at the end: everybody else comes first
            return item

    def clear(self) -> list[T]:
        """Take out everything that waits."""
        with self._lock:
            items = [item for row in self._rows.values() for item in row]
            self._rows.clear()
        return items

    def remove(self, item: T) -> bool:
        """Take an item out of the queue; False if it is not (or no longer) there."""
        with self._lock:
            for visitor, row in self._rows.items():
                if item in row:
                    row.remove(item)
                    if not row:
                        del self._rows[visitor]
                    return True
        return False

    def place(self, item: T) -> int:
        """The place of an item in the queue, from 1; 0 if it does not wait."""
        with self._lock:
            rows = [list(row) for row in self._rows.values()]
        for at, row in enumerate(rows):
            if item in row:
                depth = row.index(item)
                before = sum(
                    min(len(other), depth + (k < at)) for k, other in enumerate(rows) if k != at
                )
                return before + depth + 1
        return 0
