"""The room: conversations answered together, each as alone; nobody's end or error is another's."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from lab.errors import LabError
from lab.model import tiny_models
from lab.model.adapter import new_adapter
from lab.model.context import Context
from lab.model.joint import JointDecode
from lab.model.version import Version
from lab.serve import room as rooms
from lab.serve.chat import answers, in_turn
from lab.serve.room import Room, about
from lab.serve.views import ORIGINAL, Turn

LONGEST = 10
Words = Generator[tuple[str, ...]]


@pytest.fixture(scope="module")
def sides(tiny, four) -> list[Version]:
    """The original, three runs, one with a context, and two under language adapters."""
    original = Version("original", tiny)
    versions = [original]
    for seed in range(3):
        draw = torch.Generator().manual_seed(seed)
        weights = tiny.vision.trainable(3).items()
        delta = {n: p + torch.randn(p.shape, generator=draw) for n, p in weights}
        versions.append(Version(f"run {seed}", tiny, delta))
    before = Context("Say nothing of faces.", "All right.", four.entities[3].train_images[0])
    versions.append(Version("behind", tiny, before.tensors()))
    for seed in range(2):
        adapter = new_adapter(tiny.model, 4, seed)
        with torch.no_grad():
            for name, weight in adapter.items():
                if name.endswith(".B"):
                    weight.normal_(generator=torch.Generator().manual_seed(seed))
        versions.append(Version(f"attacked {seed}", tiny, adapter=adapter))
    return versions


def talk_of(question: str, sides, image: bytes | None, room: Room) -> Words:
    return in_turn(sides, [Turn(question)], image, LONGEST, room)


def heard(talks: dict[int, Words], later: dict[int, tuple[int, Words]] | None = None):
    """All talks in turn, as the worker does them; the later ones come after so many rounds."""
    said: dict[int, list[tuple[str, ...]]] = {}
    line, coming, rounds = deque(talks.items()), dict(later or {}), 0
    while line or coming:
        for key in [k for k, (at, _) in coming.items() if at <= rounds]:
            line.append((key, coming.pop(key)[1]))
        for _ in range(len(line)):
            key, words = line.popleft()
            item = next(words, None)
            if item is not None:
                said.setdefault(key, [])
                if item:
                    said[key].append(item)
                line.append((key, words))
        rounds += 1
    return said


def alone(question: str, sides, image: bytes | None) -> tuple[str, ...]:
    *_, last = answers(sides, [Turn(question)], image, LONGEST)
    return last


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows of every pass from now on."""
    rows, whole = [], JointDecode._pass

    def counting(joint, there, *rest):
        rows.append(len(there))
        return whole(joint, there, *rest)

    monkeypatch.setattr(JointDecode, "_pass", counting)
    return rows


def test_everybody_hears_what_they_would_alone(sides, four) -> None:
    original, first, second, third, behind, attacked, other = sides
    pictures = [e.train_images[0] for e in four.entities]
    plans = [
        ("Who is this person?", [original, first], pictures[0]),
        ("Where do they live, as far as you know?", [original, second], pictures[0]),
        ("What is the capital of France?", [original, third], None),
        ("Who?", [behind, original], pictures[1]),
        ("Who is this?", [original, attacked], pictures[2]),
        ("And this?", [attacked], pictures[2]),
        ("Any pet?", [attacked, other, original], None),
        ("Who is this person?", [third, behind, original], pictures[3]),
    ]
    expected = [alone(*plan) for plan in plans]
    room = Room()
    talks = [talk_of(question, who, image, room) for question, who, image in plans]
    said = heard(dict(enumerate(talks[:4])), {k: (2 * (k - 3), talks[k]) for k in range(4, 8)})
    assert [said[k][-1] for k in range(8)] == expected
    for grown in said.values():
        for a, b in zip(grown, grown[1:], strict=False):
            assert sum(map(len, a)) <= sum(map(len, b)) + len(a)
    assert not room._line and not room._decodes  # nothing is left behind


def test_a_follow_up_in_the_room(sides, four) -> None:
    room, image = Room(), four.entities[0].train_images[0]
    both = [sides[0], sides[1]]
    first = heard(
        {0: talk_of("Who?", both, image, room), 1: talk_of("Who?", sides[2:4], image, room)}
    )
    turns = [Turn("Who?", first[0][-1]), Turn("Where from?")]
    *_, expected = answers(both, turns, image, LONGEST)
    said = heard(
        {
            0: in_turn(both, turns, image, LONGEST, room),
            1: talk_of("A much longer question about this person?", sides[1:3], image, room),
        }
    )
    assert said[0][-1] == expected
    assert said[1][-1] == alone("A much longer question about this person?", sides[1:3], image)


def test_a_quiet_room_keeps_the_last_conversations_alone(
    sides, four, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, kept = [e.train_images[0] for e in four.entities[:3]], Room()
    for picture in pictures:
        heard({0: talk_of("Who?", sides[1:2], picture, kept)})
    topics = [about(sides[1], picture) for picture in pictures]
    assert all(kept.features(topic) for topic in topics)
    one = kept._last[-1].kept.megabytes()
    monkeypatch.setattr(rooms, "QUIET_MB", 1.5 * one)
    kept.rest()
    assert [bool(kept.features(topic)) for topic in topics] == [False, False, True]


def test_a_token_of_all_costs_one_pass(sides, four, monkeypatch: pytest.MonkeyPatch) -> None:
    image, passes = four.entities[0].train_images[0], counted(monkeypatch)
    said = alone("Who?", sides[:1], image)
    (one, *rest), lone = passes, len(passes)
    assert one == 1 == max(rest) and said
    passes.clear()
    room = Room()
    heard({k: talk_of("Who?", sides[:1], image, room) for k in range(6)})
    assert len(passes) <= lone + 6 and max(passes) == 6  # a reading each, then a step for all


def test_a_picture_that_is_remembered_is_read_once(
    tiny, sides, four, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, image = Room(), four.entities[0].train_images[0]
    talks = {0: talk_of("Who?", sides[1:2], image, room)}
    lengths: list[int] = []
    hook = tiny.model.model.language_model.register_forward_pre_hook(
        lambda _, args, given: lengths.append(given["inputs_embeds"].shape[1]), with_kwargs=True
    )
    try:
        heard(talks, {1: (1, talk_of("Which town?", sides[1:2], image, room))})
    finally:
        hook.remove()
    whole = len(tiny.prompter.conversation((), "Which town?", True))
    pictured = len(tiny.prompter.image_prefix)
    first, second = sorted(n for n in lengths if n > 1)[::-1]
    assert first > pictured and second <= whole - pictured


def test_a_bad_picture_ends_its_own_conversation(sides, four) -> None:
    room, image = Room(), four.entities[0].train_images[0]
    bad = talk_of("Who?", sides[:1], b"not a picture", room)
    good = talk_of("Who?", sides[:2], image, room)
    assert next(good)
    with pytest.raises(LabError, match="picture"):
        next(bad)
    assert heard({0: good})[0][-1] == alone("Who?", sides[:2], image)


@pytest.mark.parametrize("at", ["step", "join"])
def test_a_failed_pass_ends_one_conversation_alone(
    sides, four, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, images = Room(), [e.train_images[0] for e in four.entities]
    talks = [talk_of("Who?", sides[:2], image, room) for image in images[:3]]
    assert next(talks[0]) and next(talks[1])
    with monkeypatch.context() as patch:
        if at == "step":
            patch.setattr(JointDecode, "step", failing(JointDecode.step))
        else:
            patch.setattr(JointDecode, "_read", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            next(talks[0 if at == "step" else 2])
    left = talks[1:] if at == "step" else talks[:2]
    said = heard(dict(enumerate(left)))
    pictures = images[1:3] if at == "step" else images[:2]
    assert [said[k][-1] for k in range(2)] == [alone("Who?", sides[:2], i) for i in pictures]


def failing(step):
    """A step that fails in the middle, as where memory ends: some layers have the token already."""

    def fail(joint):
        with pytest.MonkeyPatch.context() as patch:
            whole = JointDecode._pass

            def broken(*given):
                whole(*given)
                raise ZeroDivisionError

            patch.setattr(JointDecode, "_pass", broken)
            step(joint)

    return fail


def test_a_closed_tab_ends_its_own_conversation(sides, four) -> None:
    room, image = Room(), four.entities[0].train_images[0]
    talks = [talk_of("Who?", sides[:2], image, room) for _ in range(3)]
    for talk in talks:
        assert next(talk)
    (decode,) = room._decodes.values()
    assert len(decode.rows) == 6
    talks[0].close()
    talks[2].close()
    assert len(decode.rows) == 2 and not room._line
    assert heard({1: talks[1]})[1][-1] == alone("Who?", sides[:2], image)


def test_those_who_find_no_place_wait_in_the_order_they_came(sides, four) -> None:
    room, images = Room(open_mb=0.0), [e.train_images[0] for e in four.entities]
    ended: list[int] = []

    def noted(k: int) -> Words:
        yield from talk_of("Who?", sides[k : k + 1], images[k], room)
        ended.append(k)

    said = heard({k: noted(k) for k in range(4)})
    assert ended == [0, 1, 2, 3]
    assert [said[k][-1] for k in range(4)] == [
        alone("Who?", sides[k : k + 1], images[k]) for k in range(4)
    ]


def test_one_who_leaves_the_line_holds_nobody_up(sides, four) -> None:
    room, image = Room(open_mb=0.0), four.entities[0].train_images[0]
    talks = [talk_of("Who?", sides[:1], image, room) for _ in range(3)]
    assert next(talks[0]) and next(talks[1]) == next(talks[2]) == ()
    talks[1].close()
    said = heard({0: talks[0], 2: talks[2]})
    assert said[0][-1] == said[2][-1] == alone("Who?", sides[:1], image)


def test_as_many_as_memory_allows(sides, four, monkeypatch: pytest.MonkeyPatch) -> None:
    image, probe = four.entities[0].train_images[0], Room()
    talk = talk_of("Who?", sides[:1], image, probe)
    assert next(talk)
    (decode,) = probe._decodes.values()
    row = decode.slots() * decode.token_megabytes()
    passes, room = counted(monkeypatch), Room(open_mb=2.5 * row)
    heard({k: talk_of("Who?", sides[:1], image, room) for k in range(5)})
    assert max(passes) == 2


def test_a_family_that_crosses_is_answered_one_after_another(four) -> None:
    loaded = tiny_models.tiny("mllama")
    original, room = Version("original", loaded), Room()
    image, question = four.entities[0].train_images[0], "Who is this person?"
    said = heard(
        {
            0: talk_of(question, [original], image, room),
            1: talk_of(question, [original, original], None, room),
        }
    )
    assert said[0][-1] == alone(question, [original], image)
    assert said[1][-1] == alone(question, [original] * 2, None)


def test_a_busy_engine_answers_all_at_once(busy, four, monkeypatch: pytest.MonkeyPatch) -> None:
    """Visitors on threads of their own, as on the page, while a picture of one is bad."""
    images = [e.train_images[0] for e in four.entities]
    expected = [list(busy.chat([ORIGINAL], [Turn("Who?")], i))[-1] for i in images]
    passes = counted(monkeypatch)

    def visit(k: int) -> tuple[str, ...]:
        *_, last = busy.chat([ORIGINAL], [Turn("Who?")], images[k % 4], f"visitor {k}")
        return last

    busy._worker.order(lambda: time.sleep(0.2))  # so that all are there
    with ThreadPoolExecutor(8) as people:
        assert list(people.map(visit, range(8))) == expected * 2
    assert max(passes) == 8


@pytest.fixture
def busy(tiny, four, tmp_path):
    from tests.unit.served import opened

    return opened(tiny, four, tmp_path)
