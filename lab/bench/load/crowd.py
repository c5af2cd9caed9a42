"""The load test itself: one visitor alone, then all at once, then a room that does nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lab.bench.load.client import Client, Gone
from lab.bench.load.figures import MOST_GROWTH, Kept, Kill, Load, crowd_of, kept_of
from lab.bench.load.house import NOTHING, START_SECONDS, Facts, House
from lab.bench.load.idle import SECONDS, idle
from lab.bench.load.walk import KINDS, Middle, Plan, Walk
from lab.errors import LabError

MOST_USERS = 90  # the lab keeps 100 runs on disk, and none of the test's may be pushed out
LOOKED_SECONDS = 1.0
SETTLE_SECONDS = 20.0
ANSWER_SECONDS = 20.0  # a lab that runs already answers in this time, or is not there


@dataclass(frozen=True)
class Wish:
    """What is measured: so many visitors, so many steps a run. ``code``: of a room.

    ``kill``: the server is killed in the middle and started again. ``idle_seconds``: how long the
    room does nothing at the end.
    """

    users: int
    steps: int
    code: str = ""
    kill: bool = False
    idle_seconds: float = SECONDS


@dataclass
class _Server:
    """The server as it was at every stage: ready, after one visitor, with all, afterwards."""

    house: House
    watch: Client
    ready: Facts = NOTHING
    alone: Facts = NOTHING
    after: Facts = NOTHING
    seen: list[Facts] = field(default_factory=list)

    async def now(self) -> Facts:
        return await self.house.facts(self.watch)

    async def look_on(self) -> None:
        """Look at the server every second."""
        while True:
            with contextlib.suppress(Gone):  # it is being started again
                self.seen.append(await self.now())
            await asyncio.sleep(LOOKED_SECONDS)

    async def settle(self) -> None:
        """Look at the server once its memory is back, or after some seconds if it is not."""
        end, before = time.monotonic() + SETTLE_SECONDS, self.alone.memory_mb
        while True:
            self.after = await self.now()
            used = self.after.memory_mb
            if used is None or before is None or used <= MOST_GROWTH * before:
                return
            if time.monotonic() > end:
                return
            await asyncio.sleep(LOOKED_SECONDS)

    @property
    def memory(self) -> Kept:
        seen = [facts.memory_mb for facts in self.seen]
        return kept_of(self.ready.memory_mb, self.alone.memory_mb, seen, self.after.memory_mb)

    @property
    def files(self) -> Kept:
        seen = [facts.files for facts in self.seen]
        return kept_of(self.ready.files, self.alone.files, seen, self.after.files)


def load(house: House, wish: Wish, say: Callable[[str], None]) -> Load:
    """Put a lab under load; a server that is started here is ended again. Raises ``LabError``."""
    if not 1 <= wish.users <= MOST_USERS:
        raise LabError(f"--users {wish.users} is outside 1 to {MOST_USERS}")
    if wish.kill and house.own is None:
        raise LabError("--kill ends the server, so it needs one of its own: leave --url out")
    try:
        return asyncio.run(_opened(house, wish, say))
    except Gone:
        raise LabError(f"the lab at {house.url} went away: start it again") from None
    finally:
        house.stop()


async def _opened(house: House, wish: Wish, say: Callable[[str], None]) -> Load:
    clients = [Client(house.url, f"load {n}", wish.code) for n in range(wish.users + 1)]
    try:
        return await _measured(house, clients, wish, say)
    finally:
        await asyncio.gather(*(client.close() for client in clients))


async def _measured(
    house: House, clients: Sequence[Client], wish: Wish, say: Callable[[str], None]
) -> Load:
    """The last client is the visitor who goes first, and whoever looks at the server."""
    *clients, watch = clients
    server = _Server(house, watch)
    if house.own is not None:
        say("starting a server …")
        house.start()
    await house.until_ready(watch, START_SECONDS if house.own else ANSWER_SECONDS)
    await watch.enter()
    status, people = await watch.call("status"), await watch.call("entities")
    plan = Plan(tuple(person["id"] for person in people), wish.steps)
    server.ready = await server.now()
    say("one visitor alone …")
    alone = await Walk(watch, house, plan, wish.users, Middle(0)).go()
    if alone.error:
        raise LabError(f"one visitor alone did not get through: {alone.error}")
    server.alone = await server.now()
    say(f"{wish.users} visitors at once …")
    begun = time.monotonic()
    walks, kill = await _crowd(server, clients, plan, wish, say)
    taken = time.monotonic() - begun
    lost = [i for found in await asyncio.gather(*(w.missing() for w in walks)) for i in found]
    await server.settle()
    say(f"{wish.users} open pages, and nobody does anything …")
    return Load(
        wish.users,
        wish.steps,
        status["model"],
        status["device"],
        os.cpu_count() or 1,
        taken,
        crowd_of([walk.so_far for walk in walks], alone),
        tuple(lost),
        server.memory,
        server.files,
        await idle(house, clients, wish.idle_seconds),
        kill,
    )


async def _crowd(
    server: _Server,
    clients: Sequence[Client],
    plan: Plan,
    wish: Wish,
    say: Callable[[str], None],
) -> tuple[list[Walk], Kill | None]:
    """All visitors at once, and the kill in the middle where one is wished for."""
    middle = Middle(wish.users * len(KINDS) // 2)
    walks = [Walk(client, server.house, plan, n, middle) for n, client in enumerate(clients)]
    looking = asyncio.create_task(server.look_on())
    killing = asyncio.create_task(_kill(server, middle, walks, say)) if wish.kill else None
    await asyncio.gather(*(walk.go() for walk in walks))
    looking.cancel()
    if killing is None:
        return walks, None
    if not middle.reached.is_set():
        killing.cancel()
        first = next((w.so_far.error for w in walks if w.so_far.error), "no run was seen at work")
        raise LabError(f"the middle was not reached, so that nothing was killed: {first}")
    return walks, await killing


async def _kill(
    server: _Server, middle: Middle, walks: Sequence[Walk], say: Callable[[str], None]
) -> Kill:
    """Kill the server in the middle, start it again, and wait until it is ready."""
    await middle.reached.wait()
    before = sum(len(walk.so_far.ran) for walk in walks)
    say(f"kill -9 after {before} runs, and a restart …")
    begun = time.monotonic()
    server.house.kill()
    server.house.start()
    await server.house.until_ready(server.watch)
    return Kill(before, time.monotonic() - begun)
