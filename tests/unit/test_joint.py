"""The joint decode: whoever joins or leaves, and when, every row is answered as alone."""

from __future__ import annotations

import pytest
import torch

from lab.benchmarks.images import decode as decode_image
from lab.model import tiny_models
from lab.model.chat import decode
from lab.model.joint import HOLE, JointDecode, Kept, Row, _mask
from lab.model.load import Loaded
from lab.model.roomy_cache import ROOM, RoomyLayer

KINDS = (
    "clip",
    "smolvlm",
    "qwen2_vl",
    "qwen3_vl",
    "glm4v",
    "gemma3",
    "cohere2_vision",
    "paligemma",
)
QUESTIONS = (
    "Who?",
    "Where does this person live, and what do they do all day long?",
    "Say the name of the person and then the town where they were born.",
    "What is it?",
)


@pytest.fixture(scope="module", params=KINDS)
def loaded(request) -> Loaded:
    return tiny_models.tiny(request.param)


def rows_of(loaded: Loaded, four) -> list[Row]:
    """Four rows of different lengths, every second one with a picture."""
    rows = []
    for k, question in enumerate(QUESTIONS):
        features = None
        if k % 2:
            pixels = loaded.prompter.pixels([decode_image(four.entities[k].train_images[0])])
            with torch.no_grad():
                features = loaded.vision.features(pixels)[0]
        prompt = loaded.prompter.conversation((), question, features is not None)
        rows.append(Row(prompt, features, 3 + 3 * k, remembered=True))
    return rows


def alone(loaded: Loaded, row: Row) -> list[int]:
    *_, (answer,) = decode(loaded, [row.prompt], [row.features], row.most)
    return answer


def to_the_end(joint: JointDecode) -> None:
    while joint.rows:
        joint.step()


def test_rows_that_join_early_and_late_answer_as_alone(loaded: Loaded, four) -> None:
    rows, joint = rows_of(loaded, four), JointDecode(loaded)
    joint.join(rows[:1])
    for _ in range(2):
        joint.step()
    joint.join(rows[1:3])  # a longer one and a picture, beside one under way
    while rows[0] in joint.rows:
        joint.step()
    joint.join(rows[3:])  # after one has left
    to_the_end(joint)
    assert [row.answer for row in rows] == [alone(loaded, row) for row in rows]
    assert len({tuple(row.answer) for row in rows}) > 1


def test_a_row_that_is_taken_out_changes_no_other(loaded: Loaded, four) -> None:
    rows, joint = rows_of(loaded, four), JointDecode(loaded)
    joint.join(rows)
    joint.step()
    gone = rows[1]
    joint.leave(gone)
    said = len(gone.answer)
    joint.leave(gone)  # once more does nothing
    to_the_end(joint)
    assert len(gone.answer) == said and gone.over
    others = [row for row in rows if row is not gone]
    assert [row.answer for row in others] == [alone(loaded, row) for row in others]


def test_a_follow_up_goes_on_beside_others(loaded: Loaded, four) -> None:
    rows, joint = rows_of(loaded, four), JointDecode(loaded)
    joint.join(rows)
    to_the_end(joint)
    more = [(*row.prompt, *row.answer, *row.prompt[-3:]) for row in rows[:2]]
    follow = [Row(p, r.features, 8, r.kept) for p, r in zip(more, rows, strict=False)]
    anew = loaded.vision.family.flow.sees == "prompt"
    for row in follow:
        unread = len(row.prompt) - row.kept.shared(row.prompt)
        assert unread == len(row.prompt) if anew else unread <= 4
    fresh = Row(rows[3].prompt, rows[3].features, 12)
    joint.join([Row(rows[2].prompt, None, 6)])
    joint.join([*follow, fresh])
    to_the_end(joint)
    for row in (*follow, fresh):
        assert row.answer == alone(loaded, row)


def test_after_a_failed_step_the_rows_may_join_again(
    loaded: Loaded, four, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, joint = rows_of(loaded, four), JointDecode(loaded)
    joint.join(rows)
    joint.step()
    with monkeypatch.context() as patch:
        patch.setattr(JointDecode, "_pass", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            joint.step()
    assert joint.rows == [] and not any(row.answer or row.over for row in rows)
    joint.join(rows)
    to_the_end(joint)
    assert [row.answer for row in rows] == [alone(loaded, row) for row in rows]


def test_a_failed_reading_leaves_the_others(tiny, four, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, joint = rows_of(tiny, four), JointDecode(tiny)
    joint.join(rows[:2])
    with monkeypatch.context() as patch:
        patch.setattr(JointDecode, "_pass", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            joint.join(rows[2:])
    assert joint.rows == rows[:2] and rows[0].answer
    to_the_end(joint)
    assert [row.answer for row in rows[:2]] == [alone(tiny, row) for row in rows[:2]]


def test_a_family_that_crosses_lets_nobody_join(four) -> None:
    loaded = tiny_models.tiny("mllama")
    rows, joint = rows_of(loaded, four), JointDecode(loaded)
    joint.join(rows[:3])
    with pytest.raises(RuntimeError, match="empty"):
        joint.join(rows[3:])
    to_the_end(joint)
    joint.join(rows[3:])
    to_the_end(joint)
    assert [row.answer for row in rows] == [alone(loaded, row) for row in rows]
    assert rows[0].kept == Kept()


# The cache, by hand.
def piece(*values: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys of one head and width 1; the values are the negative keys."""
    keys = torch.tensor(values)[None, :, None]
    return keys, -keys


def seen(layer: RoomyLayer) -> list[list[float]]:
    assert torch.equal(layer.keys, -layer.values)
    return layer.keys[:, 0, :, 0].tolist()


def test_rows_end_at_the_same_slot() -> None:
    layer = RoomyLayer()
    layer.add([piece(1, 2, 3), piece(4)])
    assert seen(layer) == [[1, 2, 3], [0, 0, 4]]
    layer.update(*(t.expand(2, -1, -1, -1) for t in piece(9)))
    assert seen(layer) == [[1, 2, 3, 9], [0, 0, 4, 9]]
    layer.add([piece(5, 6, 7, 8, 1, 2)])  # longer than all that are there
    assert seen(layer) == [[0, 0, 1, 2, 3, 9], [0, 0, 0, 0, 4, 9], [5, 6, 7, 8, 1, 2]]
    assert [t[0, :, 0].tolist() for t in layer.copy(1, 2)] == [[4, 9], [-4, -9]]
    layer.drop(0)  # the last takes its place
    assert [row[-2:] for row in seen(layer)] == [[1, 2], [4, 9]]
    layer.drop(0)
    layer.narrow(2)
    assert seen(layer) == [[4, 9]] and layer.get_seq_length() == 2
    room = layer.room[0].data_ptr()
    layer.add([piece(7, 7, 7)])
    layer.update(*(t.expand(2, -1, -1, -1) for t in piece(3)))
    assert [row[-3:] for row in seen(layer)] == [[4, 9, 3], [7, 7, 3]]
    assert layer.room[0].data_ptr() == room  # there was a place


def test_what_is_hidden_is_finite() -> None:
    """A hidden NaN would still reach the answer: nothing times NaN is NaN."""
    layer = RoomyLayer()
    for _ in range(3):
        layer.add([piece(*[1.0] * 3), piece(2.0)])
        layer.update(*(torch.ones(len(layer.keys), 1, ROOM + 1, 1) * s for s in (1, -1)))
        layer.drop(0)
    assert all(bool(torch.isfinite(room).all()) for room in layer.room)


def test_what_of_a_prompt_need_not_be_read() -> None:
    kept = Kept((1, 2, 3, 4))
    assert kept.shared((1, 2, 3, 4, 5)) == 4 and kept.shared((1, 2, 9, 4)) == 2
    assert kept.shared((1, 2, 3)) == 2  # the last token's output is the next one
    assert kept.shared((7,)) == 0 == Kept().shared((1, 2))


def test_holes_are_hidden(tiny) -> None:
    slots = torch.tensor([[HOLE, HOLE, 5], [6, 7, 8]])
    assert _mask(tiny.model, slots, 2).tolist() == [[0, 0, 1], [1, 1, 1]]


def test_pairs_that_see_each_other_and_a_hole_that_sees_itself() -> None:
    model = tiny_models.tiny("gemma3").model
    picture = model.config.image_token_id
    mask = _mask(model, torch.tensor([[HOLE, picture, picture, 5]]), 4)
    assert mask[0, 0].int().tolist() == [[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 1]]
    assert _mask(model, torch.tensor([[HOLE, picture, picture, 5]]), 1).tolist() == [[0, 1, 1, 1]]
