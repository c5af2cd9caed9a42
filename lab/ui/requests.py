"""One line in the log for every request, with an id and without a word of a visitor."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Send

from lab.ui.door import OPEN
from lab.ui.health import HEALTH, METRICS

LOG = logging.getLogger("lab.request")
ID_HEADER = "X-Request-ID"
GIVEN = re.compile(r"[\w.-]{1,64}", re.ASCII)  # an id that a proxy gave, and nothing else
PLAIN = ("/", HEALTH, METRICS)


class Requests:
    """ASGI middleware around all others: gives each request an id, and logs it when it has ended.

    A stream is one request. The id of a proxy in front is taken over. The answer carries the id.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(ID_HEADER, "")
        request_id = given if GIVEN.fullmatch(given) else secrets.token_hex(8)
        begun, code = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
                MutableHeaders(scope=message)[ID_HEADER] = request_id
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            about = {
                "request_id": request_id,
                "method": scope["method"],
                "path": named(scope["path"]),
                "status": code,
                "seconds": round(time.perf_counter() - begun, 3),
            }
            LOG.info("request", extra=about)


def named(path: str) -> str:
    """What of a path is said: its place among the lab's own, because the rest is a visitor's words.

    The name of an uploaded file is in a path, for one.
    """
    if path in PLAIN:
        return path
    _, found, rest = path.partition("/gradio_api/")
    first = re.split("[/=]", rest)[0]
    known = any(first in names for names in OPEN.values())
    return f"/gradio_api/{first}" if found and known else "other"
