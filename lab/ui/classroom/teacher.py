"""The teacher's routes: the page, what it asks, what it does, and what can be downloaded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from lab.errors import LabError
from lab.report.text import Text
from lab.serve.classroom.classroom import Classroom
from lab.serve.classroom.export import as_csv, entries, report
from lab.serve.classroom.seats import STUCK_MINUTES
from lab.serve.engine import Engine
from lab.ui.classroom import teacher_page
from lab.ui.classroom.acts import Acts
from lab.ui.classroom.gate import TEACHER, address_of, body_of
from lab.ui.classroom.live import live, said
from lab.ui.language import place, spoken
from lab.ui.visitors import Visitors

MOST_SENT = 64 * 2**10


class Teacher:
    """Answers at ``/teacher`` and below, in each language at its place. ``days``: 0 for ever.

    Every change is a POST of JSON, which no form of another site can send.
    """

    def __init__(
        self,
        room: Classroom,
        engine: Engine,
        visitors: Visitors,
        texts: Sequence[Text],
        days: float,
    ) -> None:
        self._room, self._engine, self._visitors = room, engine, visitors
        self._texts, self._days = {t.language: t for t in texts}, days
        self._acts = Acts(room, engine)

    def routes(self) -> list[Route]:
        """Return the routes, to be put before Gradio's."""
        first, *others = self._texts
        found = []
        for at in ("", *(place(code) for code in others)):
            found += [
                Route(f"{at}{TEACHER}", self._page, methods=["GET"]),
                Route(f"{at}{TEACHER}/enter", self._enter, methods=["POST"]),
                Route(f"{at}{TEACHER}/live", self._live, methods=["GET"]),
                Route(f"{at}{TEACHER}/do", self._do, methods=["POST"]),
                Route(f"{at}{TEACHER}/runs.csv", self._csv, methods=["GET"]),
                Route(f"{at}{TEACHER}/report.html", self._report, methods=["GET"]),
            ]
        return found

    def _page(self, request: Request) -> Response:
        text = self._text(request)
        if not self._room.teaches(self._who(request)):
            return HTMLResponse(teacher_page.key_page(text, self._address))
        people = self._engine.entities(self._who(request))
        page = teacher_page.page(self._room, people, self._days, text, self._address)
        return HTMLResponse(page)

    async def _enter(self, request: Request) -> Response:
        given, visitor = await _given(request), self._who(request)
        key, address = str(given.get("key", "")), address_of(request.scope)
        return await self._done(request, lambda: self._room.teach(visitor, address, key))

    async def _do(self, request: Request) -> Response:
        given, visitor = await _given(request), self._who(request)
        return await self._done(request, lambda: self._acts.do(visitor, given))

    async def _done(self, request: Request, do: Callable[[], None]) -> Response:
        """Do something aside; what the lab refuses is one line."""
        try:
            await anyio.to_thread.run_sync(do)
        except LabError as error:
            return self._refused(error, request)
        return JSONResponse({})

    def _live(self, request: Request) -> Response:
        try:
            stuck = float(request.query_params.get("stuck", ""))
        except ValueError:
            stuck = STUCK_MINUTES
        try:
            parts = live(self._room, self._engine, self._who(request), stuck, self._text(request))
        except LabError as error:
            return self._refused(error, request)
        return JSONResponse(parts)

    def _csv(self, request: Request) -> Response:
        return self._file(request, "runs.csv", "text/csv", lambda found, _: as_csv(found))

    def _report(self, request: Request) -> Response:
        return self._file(
            request,
            "report.html",
            "application/octet-stream",  # as it is: a page of the lab gets scripts
            lambda found, text: report(self._room, found, text, time.time()),
        )

    def _file(
        self, request: Request, name: str, kind: str, write: Callable[[Any, Text], str]
    ) -> Response:
        text = self._text(request)
        try:
            found = entries(self._room, self._engine, self._who(request), text)
        except LabError as error:
            return self._refused(error, request)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(write(found, text), 200, headers, kind)

    def _refused(self, error: LabError, request: Request) -> Response:
        code = 400 if self._room.teaches(self._who(request)) else 403
        return JSONResponse({"detail": said(error, self._text(request))}, code)

    def _who(self, request: Request) -> str:
        return self._visitors.of(request.headers.get("cookie", ""))

    def _text(self, request: Request) -> Text:
        return self._texts[spoken(request.url.path, [*self._texts])]

    def _address(self, language: str) -> str:
        first = next(iter(self._texts))
        return TEACHER if language == first else f"{place(language)}{TEACHER}"


async def _given(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; an empty one for anything else."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return {}
    try:
        found = json.loads(await body_of(request, MOST_SENT))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
