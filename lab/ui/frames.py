"""Which other sites may show the page in a frame; without any, the door says that none may."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Send

from lab.ui.answer import POLICY

POLICY_HEADER, FRAMES = "Content-Security-Policy", "frame-ancestors"


class Frames:
    """ASGI middleware around the door: lets the pages of ``origins`` frame this one."""

    def __init__(self, app: Callable[..., Any], origins: Sequence[str]) -> None:
        self._app, self._origins = app, " ".join(origins)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass everything on, and name the origins in each answer's policy."""

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                closed = f"{FRAMES} {POLICY[FRAMES]}"
                policy = headers.get(POLICY_HEADER, "")
                headers[POLICY_HEADER] = policy.replace(closed, f"{FRAMES} {self._origins}")
                del headers["X-Frame-Options"]  # it knows no single origins
            await send(message)

        await self._app(scope, receive, framed if self._origins else send)
