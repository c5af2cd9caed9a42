"""The load test itself: real clients against a real server with a tiny random model."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from lab.bench.load.crowd import Wish, load
from lab.bench.load.figures import Load
from lab.bench.load.house import House, Own
from lab.model import tiny_models

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_loop")]
USERS = 3


@pytest.fixture(scope="module")
def flags(tmp_path_factory) -> tuple[str, ...]:
    folder = tiny_models.save(tmp_path_factory.mktemp("model") / "tiny")
    return ("--model", str(folder), "--quantization", "none", "--threads", "1")


def put_under_load(flags, cache: Path, kill: bool) -> tuple[Load, House]:
    cache.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    house = House(f"http://127.0.0.1:{port}", Own(flags, cache))
    wish = Wish(USERS, steps=2, kill=kill, idle_seconds=4)
    return load(house, wish, lambda _: None), house


def everybody_did_all(found: Load, cache: Path) -> None:
    """By the figures, and by what the server left on disk: the one who went first is there, too."""
    crowd = found.crowd
    assert crowd.finished == USERS and not crowd.errors and not found.lost
    assert {s.name: s.served.n for s in crowd.table} == {
        "look inside": USERS,
        "unlearn": USERS,
        "question": 5 * USERS,
        "attack": USERS,
    }
    assert all(0 < s.served.median <= s.served.worst for s in crowd.table)
    assert 1 / USERS <= crowd.fair_waiting <= 1 and 1 / USERS <= crowd.fair_served <= 1
    runs = [*(cache / "runs").glob("*/metrics.json")]
    attacks = [*(cache / "runs").glob("*/attacks/*/metrics.json")]
    # a request that was cut off may have come in before: its visitor then sent a second one
    assert USERS + 1 <= min(len(runs), len(attacks))
    assert max(len(runs), len(attacks)) <= USERS + 1 + crowd.cut
    owners = (cache / "owners.jsonl").read_text("utf-8").splitlines()
    assert len({json.loads(line)["visitor"] for line in owners}) == USERS + 1
    assert found.idle.pages == found.idle.streams == USERS and not found.idle.failed
    assert found.idle.requests_a_second == pytest.approx(USERS / 2, abs=0.8)  # a tick every 2 s
    assert found.memory_mb.worst >= found.memory_mb.after > 100
    assert found.files.worst >= found.files.alone > 0


def test_three_visitors_go_the_whole_way(flags, tmp_path):
    found, house = put_under_load(flags, tmp_path / "cache", kill=False)
    everybody_did_all(found, tmp_path / "cache")
    assert found.model == "tiny" and found.kill is None and house.starts == 1
    assert (found.crowd.cut, found.crowd.begun_again, found.crowd.turned_away) == (0, 0, 0)
    assert found.holds["nobody_starved"] and found.holds["everybody_did_all"]
    with pytest.raises(OSError), socket.create_connection(house.url[7:].split(":"), timeout=1):
        pass  # the server was ended


def test_everybody_goes_on_after_the_server_was_killed(flags, tmp_path):
    found, house = put_under_load(flags, tmp_path / "cache", kill=True)
    everybody_did_all(found, tmp_path / "cache")
    assert house.starts == 2 and found.kill is not None
    assert USERS * 3 // 2 <= found.kill.runs_before < USERS * 3 and found.kill.seconds > 0
    assert found.crowd.cut > 0
    said = house.own.log.read_text("utf-8")
    assert "is dropped" not in said
