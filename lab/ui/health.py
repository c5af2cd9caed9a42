"""What machines ask of the lab: whether it is well, its figures, and whether it has room for a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio.to_thread
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Send

from lab.serve.engine import Engine
from lab.serve.metrics import CONTENT_TYPE, metrics
from lab.serve.tally import Tally
from lab.serve.watched import NoRoom, check_space

HEALTH, METRICS = "/healthz", "/metrics"
# Runs by script. Gradio would answer with 200 and an event that says no only when it is read.
TAKEN = tuple(
    f"/gradio_api/call/{version}{endpoint}"
    for version in ("", "v2/")
    for endpoint in ("submit", "inspect", "attack")
)
LOADING_SECONDS = 5  # after which it is worth to look again whether the model is loaded


class Health:
    """ASGI middleware behind the door, which has checked the host and the arguments."""

    def __init__(self, app: Callable[..., Any], engine: Engine, tally: Tally) -> None:
        self._app, self._engine, self._tally = app, engine, tally

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer what is for machines; pass everything else on."""
        answer = self._answer(scope) if scope["type"] == "http" else None
        # On a thread, because the engine may wait for a lock.
        response = await anyio.to_thread.run_sync(answer) if answer else None
        await (response or self._app)(scope, receive, send)

    def _answer(self, scope: Message) -> Callable[[], Response | None] | None:
        path, kind = scope["path"], scope["method"]
        if kind in ("GET", "HEAD"):
            return {HEALTH: self._health, METRICS: self._metrics}.get(path)
        return self._room if kind == "POST" and path.rstrip("/").endswith(TAKEN) else None

    def _health(self) -> Response:
        """200 once the model is loaded; 503 before, and where it cannot be loaded, with the reason."""
        status = self._engine.status()
        why = "" if status.ready else status.error or status.phase
        about = {"alive": True, "ready": status.ready, "why": why}
        wait = {} if status.ready or status.error else {"Retry-After": str(LOADING_SECONDS)}
        return JSONResponse(
            about, 200 if status.ready else 503, {**wait, "Cache-Control": "no-store"}
        )

    def _metrics(self) -> Response:
        return Response(metrics(self._engine, self._tally), media_type=CONTENT_TYPE)

    def _room(self) -> Response | None:
        """503 with the reason while there is no room for a run; None where there is."""
        try:
            check_space(self._engine, self._tally)
        except NoRoom as error:
            return JSONResponse({"detail": str(error)}, 503, {"Retry-After": str(error.again)})
        return None
