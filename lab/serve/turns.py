"""Fair queues: visitors take turns, one item each, short items first, with limits for each visitor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from lab.errors import LabError
from lab.serve.rights import LAB

T = TypeVar("T")
MOST_SHORT = 4  # short items in a row while a long one waits (our choice)


class _Row(Generic[T]):
    """Items of one length, by visitor. Whoever was served goes to the end, behind everybody else."""

    def __init__(self) -> None:
        self.by: dict[str, list[T]] = {}  # in the order of who is next
        self.last: str | None = None  # who was served last

    def copy(self) -> _Row[T]:
        other: _Row[T] = _Row()
        other.by, other.last = {v: list(items) for v, items in self.by.items()}, self.last
        return other

    def put(self, visitor: str, item: T, first: bool) -> None:
        """Put an item of a visitor first or last, and the visitor with it."""
        others = [one for one in self.by.pop(visitor) if one is not item]
        if first:
            self.by = {visitor: [item, *others], **self.by}
            self.last = None if self.last == visitor else self.last
        else:
            self.by[visitor] = [*others, item]
            self.last = visitor

    def whose(self, busy: AbstractSet[str]) -> str | None:
        """Whose turn it is. Nobody comes twice in a row while somebody else waits; None for nobody's."""
        free = [v for v in self.by if v == LAB or v not in busy]
        return next((v for v in free if v != self.last), free[0] if free else None)

    def take(self, visitor: str) -> T:
        """Take out the next item of a visitor."""
        items = self.by.pop(visitor)
        item = items.pop(0)
        if items:
            self.by[visitor] = items
        self.last = visitor
        return item


class _Line(Generic[T]):
    """The rows of short and of long items, and which of the two is next."""

    def __init__(self) -> None:
        self.short: _Row[T] = _Row()
        self.long: _Row[T] = _Row()
        self.in_a_row = 0  # short items that were taken since a long one waits

    def copy(self) -> _Line[T]:
        other: _Line[T] = _Line()
        other.short, other.long = self.short.copy(), self.long.copy()
        other.in_a_row = self.in_a_row
        return other

    def take(self, busy: AbstractSet[str] = frozenset()) -> T | None:
        short, long = self.short.whose(busy), self.long.whose(busy)
        if short is not None and (long is None or self.in_a_row < MOST_SHORT):
            self.in_a_row = self.in_a_row + 1 if self.long.by else 0
            return self.short.take(short)
        if long is None:
            return None
        self.in_a_row = 0
        return self.long.take(long)

    def items(self, visitor: str | None = None) -> list[T]:
        """All items, or those of one visitor."""
        return [
            item
            for row in (self.short, self.long)
            for whose, items in row.by.items()
            if visitor in (None, whose)
            for item in items
        ]

    def put(self, item: T, first: bool) -> bool:
        """Put an item before everything else, or behind all of its length; False if not there."""
        for row in (self.short, self.long):
            for visitor, items in row.by.items():
                if item in items:
                    row.put(visitor, item, first)
                    if first:  # whose turn it is: the short ones' or the long ones'
                        self.in_a_row = MOST_SHORT if row is self.long else 0
                    return True
        return False

    def beside(self, item: T) -> list[T]:
        """The items of the same visitor and length, this one among them; [] if it does not wait."""
        rows = (items for row in (self.short, self.long) for items in row.by.values())
        return next((items for items in rows if item in items), [])


class Turns(Generic[T]):
    """Items that wait, by visitor; the next one is of the visitor who was served longest ago.

    Short items come before long ones, but not more than ``MOST_SHORT`` of them in a row while a long
    one waits: nobody waits for ever. ``each``: how many items of one visitor may wait ("" is the lab
    itself and has no limit). ``most``: how many may wait in total. ``what``: the plural that the
    messages use. While they are ``paused``, none is taken. Any thread may call.
    """

    def __init__(self, each: int, most: int, what: str) -> None:
        self.each, self.most, self.what = each, most, what
        self.paused = False
        self._line: _Line[T] = _Line()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._line.items())

    def check(self, visitor: str) -> None:
        """Raise ``LabError`` if one more item, of this visitor or in total, is too many."""
        with self._lock:
            waiting = len(self._line.items(visitor))
            if visitor and waiting >= self.each:
                raise LabError(
                    f"{waiting} {self.what} of yours are waiting already: wait for one to end, or "
                    "stop one, then try again"
                )
            if len(self._line.items()) >= self.most:
                raise LabError(f"{self.most} {self.what} are waiting already: try again later")

    def add(self, visitor: str, item: T, short: bool = False) -> None:
        """Put an item behind those of its visitor."""
        with self._lock:
            row = self._line.short if short else self._line.long
            row.by.setdefault(visitor, []).append(item)

    def next(self, busy: AbstractSet[str] = frozenset()) -> T | None:
        """Take out the next item; None if nothing waits, or all are paused.

        Visitors who are ``busy`` are passed over; the lab itself never is.
        """
        with self._lock:
            return None if self.paused else self._line.take(busy)

    def order(self) -> list[T]:
        """Everything that waits, in the order in which it comes if nothing is added."""
        with self._lock:
            line = self._line.copy()
        return [item for _ in line.items() if (item := line.take()) is not None]

    def place(self, item: T) -> int:
        """The place of an item in the order, from 1; 0 if it does not wait."""
        order = self.order()
        return order.index(item) + 1 if item in order else 0

    def move(self, item: T, earlier: bool) -> bool:
        """Swap an item with the one before or after it of the same visitor; False if there is none."""
        with self._lock:
            items = self._line.beside(item)
            at = items.index(item) if items else 0
            other = at - 1 if earlier else at + 1
            if not 0 <= other < len(items):
                return False
            items[at], items[other] = items[other], items[at]
        return True

    def put(self, item: T, first: bool) -> bool:
        """Put an item before everything else, or behind all of its length; False if not there."""
        with self._lock:
            return self._line.put(item, first)

    def while_waiting(self, item: T, change: Callable[[], None]) -> bool:
        """Do something with an item that cannot be taken meanwhile; False if it does not wait."""
        with self._lock:
            if not self._line.beside(item):
                return False
            change()
        return True

    def clear(self) -> list[T]:
        """Take out everything that waits."""
        with self._lock:
            items = self._line.items()
            self._line = _Line()
        return items

    def remove(self, item: T) -> bool:
        """Take an item out of the queue; False if it is not (or no longer) there."""
        with self._lock:
            for row in (self._line.short, self._line.long):
                for visitor, items in row.by.items():
                    if item in items:
                        items.remove(item)
                        if not items:
                            del row.by[visitor]
                        return True
        return False
