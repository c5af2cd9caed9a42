"""One visitor of a served lab by HTTP: enters as a browser does, and asks the documented endpoints."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx

from lab.errors import LabError

API = "/gradio_api"
ANSWERED = httpx.codes.OK
# A stream of an endpoint says something every 15 seconds, as long as the server is there.
SILENCE_SECONDS = 60.0
AGAIN_SECONDS = 5.0  # where a full room does not say when to come again


class Gone(Exception):
    """The server went away while it was asked, or no longer knows what it was asked."""


class Full(Exception):
    """The room has no place for a run; ``again``: after how many seconds to come again."""

    def __init__(self, again: float) -> None:
        super().__init__(f"come again in {again:g} s")
        self.again = again


class Refused(LabError):
    """An endpoint said no, in one line."""


class Client:
    """A visitor's connection with a cookie jar of its own, as one browser has it.

    ``transport``: what carries the requests; None for the network.
    """

    def __init__(
        self, url: str, name: str, code: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.name, self._code = name, code
        # One session for all calls, as an open page has. Without it each call would be one, and Gradio
        # remembers hundreds of sessions, each with a copy of the page's parts.
        self._session = secrets.token_hex(8)
        # No proxy of the environment: the lab is on this machine or was named on purpose.
        self.http = httpx.AsyncClient(
            base_url=url,
            timeout=SILENCE_SECONDS,
            follow_redirects=True,
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self.http.aclose()

    async def enter(self) -> None:
        """Open the page, which gives the cookie; into a room with its code and a nickname.

        Raises ``Gone``, and ``LabError`` where the lab does not let the visitor in.
        """
        page = await self._asked("GET", "/")
        if self._code:
            form = {"secret": self._code, "name": self.name, "query": ""}
            page = await self._asked("POST", "/enter", data=form)
        if page.status_code != ANSWERED:
            raise LabError(
                f"the lab at {self.http.base_url} does not let visitors in (status "
                f"{page.status_code}): check the address, and --code where it is a room"
            )

    async def ready(self) -> bool:
        """Whether the server is there and its model is loaded; raises ``LabError`` if it cannot be."""
        try:
            health = await self._asked("GET", "/healthz")
        except Gone:
            return False
        if health.status_code != ANSWERED and "retry-after" not in health.headers:
            raise LabError(f"the lab cannot work: {_words(health, 'why')}")
        return health.status_code == ANSWERED

    async def page(self) -> dict[str, Any]:
        """The page's own description of its parts; raises ``Gone``."""
        return (await self._asked("GET", "/config")).json()

    async def figures(self) -> dict[str, float]:
        """The values of ``/metrics`` that have no labels, by name; raises ``Gone``."""
        text = (await self._asked("GET", "/metrics")).text
        pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs if name and "{" not in name}

    async def call(self, endpoint: str, *given: Any) -> Any:
        """What an endpoint returns; one call at a time, because they share a session.

        Raises ``Gone``, ``Full``, and ``Refused`` with its line.
        """
        body = {"data": list(given), "session_hash": self._session}
        sent = await self._asked("POST", f"{API}/call/{endpoint}", json=body)
        if sent.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise Full(float(sent.headers.get("retry-after", AGAIN_SECONDS)))
        if sent.status_code != ANSWERED:
            raise Refused(f"{endpoint}: {_words(sent, 'detail')}")
        address = f"{API}/call/{endpoint}/{sent.json()['event_id']}"
        async for kind, value in self._heard(address):
            if kind == "complete":
                return value[0]
            if kind == "error" and isinstance(value, dict):
                raise Refused(f"{endpoint}: {value.get('error') or 'it failed without a reason'}")
            if kind == "error":  # of the stream itself: the server has begun anew since
                break
        raise Gone(endpoint)

    async def _heard(self, address: str) -> AsyncIterator[tuple[str, Any]]:
        """The events of a stream: their names and values."""
        kind = ""
        try:
            async with self.http.stream("GET", address) as stream:
                async for line in stream.aiter_lines():
                    name, _, rest = line.partition(": ")
                    if name == "event":
                        kind = rest
                    elif name == "data":
                        yield kind, json.loads(rest)
        except httpx.TransportError as error:
            raise Gone(str(error)) from None

    async def _asked(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return await self.http.request(method, path, **more)
        except httpx.TransportError as error:
            raise Gone(str(error)) from None


def _words(answer: httpx.Response, key: str) -> str:
    """What a refusal says under a key of its JSON; its status where it says nothing."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    found = said.get(key) if isinstance(said, dict) else None
    return str(found or f"status {answer.status_code}")
