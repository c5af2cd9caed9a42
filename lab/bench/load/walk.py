"""The way of one visitor through the lab, each step waited for, and what it took."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from lab.bench.load.client import Client, Full, Gone, Refused
from lab.bench.load.house import House
from lab.errors import LabError

KINDS = {"inspect": "look inside", "submit": "unlearn", "attack": "attack"}  # by endpoint
SHORT = "inspect"  # what the lab lets go before longer work
KEPT = ("submit", "attack")  # what a restart must not lose
QUESTIONS = (
    "Who is this person?",
    "What does this person do for a living?",
    "Where was this person born?",
    "Where does this person live?",
    "Describe what is in the picture in one sentence.",
)
# The least that goes the whole way (our choice): few samples and blocks, and no stop before the end.
SHORT_RECIPE: dict[str, Any] = {
    "blocks": 2,
    "fisher_samples": 4,
    "batch": 2,
    "retain_batch": 6,
    "probe_every": 100,
    "stop_forget": -1.0,
    "stop_retain_drop": 1.0,
}
SHORT_ATTACK: dict[str, Any] = {"batch": 2, "probe_every": 100}
# Seconds between two looks at a run: the further behind it stands, the longer (our choice).
PAUSE, PAUSE_A_PLACE, LONGEST_PAUSE = 0.5, 0.15, 4.0
PATIENCE_SECONDS = 4 * 3600.0  # of one visitor for everything


@dataclass(frozen=True)
class Ran:
    """One run: when its visitor sent it and, by the server's clock, when it began and ended.

    Seconds since 1970. On another machine both clocks must agree.
    """

    kind: str
    visitor: int
    id: str
    sent: float
    began: float
    ended: float

    @property
    def waited(self) -> float:
        """Seconds from the question to the first step."""
        return max(0.0, self.began - self.sent)

    @property
    def served(self) -> float:
        """Seconds of work."""
        return self.ended - self.began


@dataclass
class Walked:
    """What the way of visitor number ``n`` has come to so far.

    ``page``: seconds until the page was there. ``answers``: seconds of each answer. ``cut``:
    requests that the server did not answer; ``again``: inspections that were asked for again because
    a killed server no longer has what they showed; ``turned_away``: how often there was no room for a run. ``seconds``: of the
    whole way, 0 where it was not gone to its end; ``error``: why, or "".
    """

    n: int
    page: float = 0.0
    ran: list[Ran] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    cut: int = 0
    again: int = 0
    turned_away: int = 0
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Plan:
    """What every visitor does: steps of a run and of an attack; each with a person or seed apart."""

    people: tuple[str, ...]
    steps: int

    def entity(self, n: int) -> str:
        """The person whom visitor number ``n`` picks."""
        return self.people[n % len(self.people)]

    def recipe(self, n: int) -> dict[str, Any]:
        """The settings of visitor ``n``: no two are alike, so that none is answered by another's."""
        return {**SHORT_RECIPE, "steps": self.steps, "seed": n // len(self.people)}

    @property
    def attack(self) -> dict[str, Any]:
        """The settings of the attack."""
        return {**SHORT_ATTACK, "steps": self.steps}


class Middle:
    """Tells when so many runs of the room have ended and the next one is under way."""

    def __init__(self, runs: int) -> None:
        self.reached = asyncio.Event()
        self._left = runs

    def ended(self) -> None:
        """One more run has ended."""
        self._left -= 1

    def runs(self) -> None:
        """One is under way now."""
        if self._left <= 0:
            self.reached.set()


class Walk:
    """A visitor on the way. ``middle``: hears how far the room is."""

    def __init__(self, client: Client, house: House, plan: Plan, n: int, middle: Middle) -> None:
        self.client, self.house, self.plan, self.middle = client, house, plan, middle
        self.so_far = Walked(n)

    async def go(self) -> Walked:
        """Go the whole way; what hinders it is noted as the way's ``error``."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._whole()
            self.so_far.seconds = time.monotonic() - begun
        except LabError as error:
            self.so_far.error = str(error)
        except TimeoutError:
            self.so_far.error = f"did not get through in {PATIENCE_SECONDS / 3600:g} hours"
        return self.so_far

    async def _whole(self) -> None:
        n, begun = self.so_far.n, time.monotonic()
        await self.client.enter()
        self.so_far.page = time.monotonic() - begun
        entity, recipe = self.plan.entity(n), self.plan.recipe(n)
        await self._run("inspect", entity, recipe)
        run = await self._run("submit", entity, {**recipe, "again": True})
        for question in QUESTIONS:
            begun = time.monotonic()
            answers = await self._sure("chat", run, question, entity)
            if set(answers) != {"original", "run"}:
                raise LabError(f"a question was answered by {', '.join(answers) or 'nobody'}")
            self.so_far.answers.append(time.monotonic() - begun)
        await self._run("attack", run, self.plan.attack)

    async def _run(self, kind: str, *given: Any) -> str:
        """Start a run and wait for its end; asked for again where a killed server lost what it showed."""
        while True:
            sent = time.time()
            run_id = await self._sure(kind, *given)
            ran = await self._ended(kind, run_id, sent)
            if ran is not None:
                self.so_far.ran.append(ran)
                self.middle.ended()
                return run_id
            self.so_far.again += 1

    async def _ended(self, kind: str, run_id: str, sent: float) -> Ran | None:
        """The run once it has finished; None if the server was started anew and lost what it showed.

        A server that is started anew goes on with all runs that had not ended. Of those that had, it
        keeps runs and attacks, but not what an inspection showed.
        """
        starts = self.house.starts
        while True:
            try:
                found = await self._sure("result", run_id)
            except Refused:
                if kind == SHORT and self.house.starts > starts:
                    return None
                raise
            if found["state"] == "finished":
                times = found["started"], found["ended"]
                return Ran(kind, self.so_far.n, run_id, sent, *times)
            if found["state"] not in ("waiting", "running"):
                why = found["error"] or found["state"]
                raise LabError(f"a run to {KINDS[kind]} did not finish: {why}")
            if found["state"] == "running":
                self.middle.runs()
            await asyncio.sleep(min(LONGEST_PAUSE, PAUSE + PAUSE_A_PLACE * found["place"]))

    async def _sure(self, endpoint: str, *given: Any) -> Any:
        """What an endpoint returns, asked again while the server is away or full.

        Raises ``Refused`` where a server that is ready says no.
        """
        while True:
            try:
                return await self.client.call(endpoint, *given)
            except Gone:
                self.so_far.cut += 1
            except Full as full:
                self.so_far.turned_away += 1
                await asyncio.sleep(full.again)
            except Refused:
                if await self.client.ready():
                    raise
            await self.house.until_ready(self.client)

    async def missing(self) -> list[str]:
        """What of this way the lab no longer has: its runs and attacks, by their ids."""
        lost = []
        for ran in (r for r in self.so_far.ran if r.kind in KEPT):
            try:
                state = (await self._sure("result", ran.id))["state"]
            except Refused:
                state = "forgotten"
            if state != "finished":
                lost.append(ran.id)
        return lost
