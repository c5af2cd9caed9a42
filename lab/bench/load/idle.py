"""What a room costs that looks at the page and does nothing: its streams and its ticks."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from lab.bench.load.client import ANSWERED, API, Client
from lab.bench.load.house import Facts, House

SECONDS = 10.0


@dataclass(frozen=True)
class Tick:
    """A question that an open page asks by itself: its number, its timer and what it sends."""

    number: int
    timer: int
    seconds: float
    data: tuple[Any, ...]


@dataclass(frozen=True)
class Idle:
    """What so many open pages cost. ``streams``: how many event streams they held open.

    ``cpu_share`` of one core, and ``cpu_share_alone`` of the same server with no page open; None
    where this system does not say. ``failed``: requests without a right answer.
    """

    pages: int
    streams: int
    seconds: float
    requests_a_second: float
    cpu_share: float | None
    cpu_share_alone: float | None
    failed: int


async def idle(house: House, clients: Sequence[Client], seconds: float = SECONDS) -> Idle:
    """Open a page for every client and leave it alone for some seconds."""
    before = await house.facts(clients[0])
    await asyncio.sleep(seconds)
    alone = _share(before, await house.facts(clients[0]), seconds)
    ticks = ticks_of(await clients[0].page())
    round_seconds = max((tick.seconds for tick in ticks), default=1.0)
    pages = [_Page(client) for client in clients]
    tasks = [
        asyncio.create_task(page.open(ticks, round_seconds * k / len(pages)))
        for k, page in enumerate(pages)
    ]
    await asyncio.sleep(2 * round_seconds)  # until all are open
    before, asked, begun = await house.facts(clients[0]), _asked(pages), time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - begun
    share = _share(before, await house.facts(clients[0]), took)
    asked, streams = _asked(pages) - asked, sum(page.streams for page in pages)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    failed = sum(page.failed for page in pages)
    return Idle(len(pages), streams, took, asked / took, share, alone, failed)


def ticks_of(config: dict[str, Any]) -> list[Tick]:
    """What an open page asks by itself, from the page's own description of its parts.

    A browser sends the values of its fields as they are at first. What the server remembers for it
    (Gradio's ``State``) it sends as null.
    """
    parts = {part["id"]: part for part in config["components"]}
    found = []
    for handler in config["dependencies"]:
        for part, event in handler["targets"]:
            if event == "tick" and parts[part]["props"].get("active", True):
                sent = (parts[i] for i in handler["inputs"])
                data = tuple(
                    None if p["type"] == "state" else p["props"].get("value") for p in sent
                )
                every = float(parts[part]["props"]["value"])
                found.append(Tick(handler["id"], part, every, data))
    return found


class _Page:
    """One open page. ``asked``: what it has asked so far; ``failed``: how much of it in vain."""

    def __init__(self, client: Client) -> None:
        self._http, self._session = client.http, secrets.token_hex(6)
        self.asked = self.failed = self.streams = 0

    async def open(self, ticks: Sequence[Tick], delay: float) -> None:
        """Hold the page open until it is closed; it opens after some seconds."""
        await asyncio.sleep(delay)
        await asyncio.gather(self._stream(), *(self._ask(tick) for tick in ticks))

    async def _stream(self) -> None:
        """The stream by which the server knows that the page is open."""
        try:
            async with self._http.stream("GET", f"{API}/heartbeat/{self._session}") as stream:
                self.streams += stream.status_code == ANSWERED
                async for _ in stream.aiter_bytes():
                    pass
        except httpx.TransportError:
            self.failed += 1
        self.streams = 0  # the server has ended it

    async def _ask(self, tick: Tick) -> None:
        body = {
            "data": tick.data,
            "event_data": None,
            "fn_index": tick.number,
            "trigger_id": tick.timer,
            "session_hash": self._session,
        }
        while True:
            begun = time.monotonic()
            self.asked += 1
            try:
                answer = await self._http.post(f"{API}/run/predict", json=body)
                self.failed += answer.status_code != ANSWERED
            except httpx.TransportError:
                self.failed += 1
            await asyncio.sleep(max(0.0, tick.seconds - (time.monotonic() - begun)))


def _asked(pages: Sequence[_Page]) -> int:
    return sum(page.asked for page in pages)


def _share(before: Facts, after: Facts, seconds: float) -> float | None:
    if before.cpu_seconds is None or after.cpu_seconds is None:
        return None
    return (after.cpu_seconds - before.cpu_seconds) / seconds
