"""Turns go round the room, short items first, and nobody waits for ever."""

from __future__ import annotations

import random

import pytest

from lab.errors import LabError
from lab.serve.turns import MOST_SHORT, Turns


def queue(*items: str, each: int = 99, most: int = 999) -> Turns[str]:
    """Items by name: ``a1`` is the first of visitor a; one with an s is short."""
    turns: Turns[str] = Turns(each, most, "things")
    for item in items:
        turns.add(item[0], item, "s" in item)
    return turns


def served(turns: Turns[str]) -> list[str]:
    """Everything in the order in which it comes, once the queue has said the same order."""
    said = turns.order()
    assert [turns.place(item) for item in said] == list(range(1, len(said) + 1))
    came = [turns.next() for _ in said]
    assert came == said and turns.next() is None
    return came


@pytest.mark.parametrize(
    "items, order",
    [
        (("a1", "a2", "a3", "b1"), "a1 b1 a2 a3"),
        (("a1", "b1", "c1", "a2", "c2"), "a1 b1 c1 a2 c2"),
        (("a1", "b1", "bs2", "as2"), "bs2 as2 a1 b1"),  # looking inside comes before unlearning
        # a long one waits: four short ones at most, then it has its turn
        (("a1", "as1", "as2", "as3", "as4", "as5"), "as1 as2 as3 as4 a1 as5"),
        (("a1", "a2", "bs1", "bs2", "cs1", "cs2", "cs3"), "bs1 cs1 bs2 cs2 a1 cs3 a2"),
    ],
)
def test_the_order_is_the_one_counted_by_hand(items: tuple[str, ...], order: str) -> None:
    assert served(queue(*items)) == order.split()


def test_who_was_just_served_lets_others_go_first() -> None:
    turns = queue("a1")
    assert turns.next() == "a1"  # under way, and its visitor asks for more before b comes
    turns.add("a", "a2")
    turns.add("a", "a3")
    turns.add("b", "b1")
    assert served(turns) == ["b1", "a2", "a3"]


def test_a_visitor_moves_their_own_items_alone() -> None:
    turns = queue("a1", "b1", "a2", "a3")
    assert turns.move("a3", earlier=True) and served(queue("a1", "b1", "a3", "a2")) == turns.order()
    assert turns.order() == ["a1", "b1", "a3", "a2"]
    assert turns.move("a1", earlier=False) and turns.order() == ["a3", "b1", "a1", "a2"]
    assert not turns.move("b1", earlier=True) and not turns.move("a3", earlier=True)
    assert not turns.move("x9", earlier=True) and turns.order() == ["a3", "b1", "a1", "a2"]


def test_what_waits_can_be_changed_and_taken_out() -> None:
    turns, done = queue("a1", "as2", "b1"), []
    assert turns.while_waiting("a1", lambda: done.append(1)) and done == [1]
    assert turns.remove("a1") and not turns.remove("a1")
    assert not turns.while_waiting("a1", lambda: done.append(2)) and done == [1]
    assert turns.order() == ["as2", "b1"] and len(turns) == 2
    assert sorted(turns.clear()) == ["as2", "b1"] and turns.order() == []


def test_the_limits_count_short_and_long_together() -> None:
    turns = queue("a1", "as2", "b1", each=2, most=4)
    with pytest.raises(LabError, match="2 things of yours are waiting already"):
        turns.check("a")
    turns.check("c")
    turns.add("c", "c1")
    with pytest.raises(LabError, match="4 things are waiting already"):
        turns.check("d")


@pytest.mark.parametrize("seed", range(40))
def test_nobody_is_starved(seed: int) -> None:
    """An item waits for at most a bounded number of others, whatever comes after it."""
    draw, turns = random.Random(seed), Turns[str](999, 9999, "things")
    ahead: dict[str, int] = {}  # how many more may be served before this one
    count = 0

    def add(visitor: str) -> None:
        nonlocal count
        item, short = f"{visitor}/{count}", draw.random() < 0.5
        before = len(turns)  # whatever waits now, and one of each later visitor in between
        turns.add(visitor, item, short)
        rows = {i.split("/")[0] for i in turns.order()}
        own = sum(i.startswith(f"{visitor}/") for i in turns.order())
        # Its visitor's own items come one a round. A round of one length is one of everybody who
        # waits and one who was passed over; each long one may have MOST_SHORT short ones before it,
        # each short one of MOST_SHORT a long one.
        ahead[item] = own * (len(rows) + 7) * (MOST_SHORT + 1) + before
        count += 1

    for _ in range(300):
        if draw.random() < 0.55 and len(turns) < 60:
            add(draw.choice("abcdefg"))
            continue
        item = turns.next()
        if item is None:
            continue
        assert ahead.pop(item) >= 0
        for other in ahead:
            ahead[other] -= 1
            assert ahead[other] >= 0, other


@pytest.mark.parametrize("short", [True, False])
def test_a_flood_does_not_keep_one_item_from_its_turn(short: bool) -> None:
    turns = queue("a1")
    came: list[str | None] = []
    for k in range(50):  # somebody else asks for more than is served, all the time
        turns.add("b", f"b{k}", short)
        turns.add(f"new{k}", f"n{k}", short)
        came.append(turns.next())
    assert came.index("a1") <= MOST_SHORT


@pytest.mark.parametrize(
    "items, item, first, order",
    [
        (("a1", "b1", "a2", "c1"), "c1", True, "c1 a1 b1 a2"),
        (("a1", "b1", "a2", "c1"), "a2", True, "a2 b1 c1 a1"),
        (("a1", "bs1", "bs2"), "a1", True, "a1 bs1 bs2"),  # a long one before the short ones too
        (("a1", "b1", "c1"), "a1", False, "b1 c1 a1"),
        (("a1", "a2", "b1"), "a1", False, "b1 a2 a1"),
    ],
)
def test_a_teacher_puts_an_item_first_or_last(
    items: tuple[str, ...], item: str, first: bool, order: str
) -> None:
    turns = queue(*items)
    assert turns.put(item, first) and served(turns) == order.split()
    assert not turns.put(item, first)


def test_who_was_just_served_can_be_put_first_again() -> None:
    turns = queue("a1", "a2", "b1")
    assert turns.next() == "a1" and turns.put("a2", True)
    assert served(turns) == ["a2", "b1"]


def test_nothing_is_taken_while_all_are_paused() -> None:
    turns = queue("a1", "b1")
    turns.paused = True
    assert turns.next() is None and turns.order() == ["a1", "b1"]
    turns.paused = False
    assert served(turns) == ["a1", "b1"]


def test_who_is_busy_is_passed_over_and_keeps_their_turn() -> None:
    turns = queue("a1", "as2", "b1", "cs1", "a3")
    assert turns.next(frozenset("a")) == "cs1" and turns.next(frozenset("ac")) == "b1"
    assert turns.next(frozenset("a")) is None and turns.order() == ["as2", "a1", "a3"]
    assert turns.next() == "as2" and turns.next(frozenset("bc")) == "a1"


def test_the_lab_itself_is_never_busy() -> None:
    turns: Turns[str] = Turns(9, 9, "things")
    turns.add("", "one")
    assert turns.next(frozenset({""})) == "one"


def test_a_long_item_comes_before_further_short_ones_once_its_visitor_is_free() -> None:
    turns = queue("a1", "bs1", "bs2", "cs1", "cs2", "ds1", "ds2")
    came = [turns.next(frozenset("a")) for _ in range(5)]
    assert came == ["bs1", "cs1", "ds1", "bs2", "cs2"]
    assert turns.next() == "a1"
