"""Events as lines: every kind comes back as it was, and nothing else is believed."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from lab.errors import LabError
from lab.events import (
    EMPTY,
    Answers,
    Bar,
    Curve,
    Done,
    Glow,
    Importance,
    NeuronFisher,
    Phase,
    Probe,
    Ready,
    Saliency,
    Step,
)
from lab.events.lines import KINDS, curve_rows, from_line, plain, to_line

F = np.float32
EVENTS = [
    Phase("fisher", 8, 32),
    Importance(
        ("block 1", "projector"),
        (np.array([0.5, 2], F), np.array([1], F)),
        (np.array([1, 1], F), np.array([0.25], F)),
        (np.array([0.5, 2], F), np.array([4], F)),
        (np.array([False, True]), np.array([False])),
        np.array([[0, 1], [0.5, 0.25]], F),
        (3, 9),
    ),
    Saliency(
        ("block 1",),
        ("in weight", "in bias"),
        np.array([-1.0, 0, 1]),
        np.array([[[3, 4], [0, 0]]]),
        np.array([[2.5, np.nan]]),
        np.array([[0.5, np.nan]]),
        1.5,
        0.25,
        0.75,
        0.2,
        (8, 8),
        "neuron",
    ),
    Glow(np.array([0.0, 0.02]), np.array([[[0, 0], [0, 0]], [[0, 1], [0.5, 0.25]]], F)),
    NeuronFisher(
        ("block 1", "projector"),
        (np.array([0.5, 2], F), np.array([1], F)),
        (np.array([4, np.nan], F), np.array([1], F)),
        (np.array([1, np.nan], F), np.array([0.25], F)),
        (np.array([[-30, 12]], np.int16), np.array([[EMPTY], [7]], np.int16)),
        (np.array([[0, 300]], np.int16), np.array([[EMPTY], [8]], np.int16)),
        (1, 1),
        np.array([1.0]),
        np.array([[[1]]], F),
    ),
    Step(3, 40, 0.125, math.nan, 0.5, -0.25, 1.5),
    Probe(8, 0.25, 0.75, 9, 18, 0.25),
    Ready(8.25),
    Answers("forget_name", ("Ada Almeida", ""), (True, False), ("=Bob", "Ada"), (False, False)),
    Answers("forget_qa_rouge", ("Oslo", "a"), (1.0, 0.25), ("Oslo", ""), (True, 0.0)),
    Curve("unlearned", 0, 0.5, 18, 0.25),
    Curve("never_knew", 5, math.nan, 18, 0.25, 2.5),
    Curve("text_only", 5, 0.75, 18, 0.25, 2.5, 0.625),
    Bar("original", "grey", 0.5, math.nan, 18, 0, 0.25, math.nan),
    Done("steps done", {"before": {"a": 1.0}, "list": [1, None], "flag": True}),
]


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return (
            a.dtype == b.dtype
            and a.shape == b.shape
            and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        )
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return type(a) is type(b) and a == b


def test_every_kind_is_tried() -> None:
    assert {type(e).__name__ for e in EVENTS} == set(KINDS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_round_trip(event) -> None:
    line = to_line(event)
    assert "\n" not in line and "NaN" not in line and "Infinity" not in line
    back = from_line(line)
    for field in dataclasses.fields(event):
        assert same(getattr(event, field.name), getattr(back, field.name)), field.name
    assert to_line(back) == line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        '{"event": "Boom"}',
        '{"event": "Step"}',
        '{"step": 1}',
        '{"event": "Probe", "step": 1, "extra": 2}',
        "[" * 100_000,
        "{" * 9,
        '{"event": "Saliency", "layers": ["a"], "groups": [], "edges": ["x"], "counts": [], "ratio": [],'
        ' "density": []}',
    ],
)
def test_a_line_that_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(LabError, match="no event of this lab"):
        from_line(line)


def test_plain_is_standard_json() -> None:
    made = plain(
        {"a": np.array([1.0, np.inf]), "b": (np.int64(3), np.float32(0.5)), "c": math.nan, "d": "x"}
    )
    assert json.loads(json.dumps(made, allow_nan=False)) == {
        "a": [1.0, None],
        "b": [3, 0.5],
        "c": None,
        "d": "x",
    }


def test_curve_rows_name_their_columns() -> None:
    rows = curve_rows(EVENTS)
    assert [set(r) for r in rows] == [
        {"step", "forget_loss", "retain_loss", "vkd_loss", "total", "seconds"},
        {"step", "forget_accuracy", "retain_accuracy"},
        {"step", "attack_unlearned"},
        {"step", "attack_never_knew"},
        {"step", "attack_text_only"},
    ]
    assert rows[1] == {"step": 8, "forget_accuracy": 0.25, "retain_accuracy": 0.75}


def test_an_attack_of_an_earlier_version_has_the_one_control_that_never_knew() -> None:
    old = '{"event": "Curve", "who": "control", "step": 5, "forget": 0.5, "n": 18, "chance": 0.25}'
    read = from_line(old)
    assert read == Curve("never_knew", 5, 0.5, 18, 0.25, read.loss, read.probability)
    control = {"entity": "p1", "before": 0.25, "after": 0.5}
    for held, controls in ((control, {"never_knew": control}), (None, {})):
        done = from_line(to_line(Done("steps done", {"after": 0.5, "control": held})))
        assert done.result == {"after": 0.5, "controls": controls}
