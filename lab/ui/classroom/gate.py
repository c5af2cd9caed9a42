"""The gate of a room: only who has entered goes on, to the page, the files and the endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Message, Receive

from lab.errors import LabError
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.classroom.classroom import Classroom
from lab.serve.classroom.state import MOST_NICKNAME
from lab.ui.classroom.look import languages, whole
from lab.ui.health import HEALTH
from lab.ui.language import ASKED, place

ENTER, TEACHER = "/enter", "/teacher"
# The first three ask for the key. With the next one Gradio asks itself whether it has started, and
# with the last ones whoever runs the lab asks whether it is well.
OPEN = (
    ("GET", TEACHER),
    ("HEAD", TEACHER),
    ("POST", f"{TEACHER}/enter"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", HEALTH),
    ("HEAD", HEALTH),
)
MOST_FORM = 4096

STYLE = """
body { max-width: 26rem; padding-top: 8vh; }
form { display: grid; gap: 14px; margin: 14px 0; }
form > div { display: grid; gap: 4px; }
#secret.code { font-size: 1.5rem; letter-spacing: 0.25em; text-transform: uppercase; }
"""


class Gate:
    """Says of each question whether it may pass. ``days``: how long things are kept; 0 for ever."""

    def __init__(self, room: Classroom, texts: Sequence[Text], days: float) -> None:
        self._room, self._days = room, days
        self._places = [place(t.language) for t in texts[1:]]

    async def answer(
        self, scope: Message, receive: Receive, visitor: str, text: Text
    ) -> Response | None:
        """Return what whoever may not pass gets instead; None for who may."""
        path, method = self._within(scope["path"]), scope["method"]
        if (method, path) == ("POST", ENTER):
            return await self._enter(scope, receive, visitor, text)
        admitted = self._room.admits(visitor)
        if admitted and path == ENTER:
            return RedirectResponse("/", 303)
        if admitted or (method, path) in OPEN:
            return None
        if path in ("", ENTER) and method in ("GET", "HEAD"):
            return HTMLResponse(self._page(scope["query_string"].decode("latin-1"), text))
        return JSONResponse({"detail": text.ROOM_CLOSED}, 401)

    def _within(self, path: str) -> str:
        """The path inside the page of a language, without a slash at its end."""
        for there in self._places:
            if path == there or path.startswith(f"{there}/"):
                path = path.removeprefix(there)
                break
        return path.rstrip("/")

    def _at(self, text: Text) -> str:
        """Where the page of a language stands; "" for the lab's own."""
        there = place(text.language)
        return there if there in self._places else ""

    async def _enter(self, scope: Message, receive: Receive, visitor: str, text: Text) -> Response:
        form = await form_of(Request(scope, receive), MOST_FORM)
        query = form.get("query", "")
        address = address_of(scope)

        def enter() -> str:
            try:
                self._room.enter(visitor, address, form.get("secret", ""), form.get("name", ""))
            except LabError as error:
                return translated(str(error), text)
            return ""

        if wrong := await anyio.to_thread.run_sync(enter):
            page = self._page(query, text, wrong, form.get("name", ""))
            return HTMLResponse(page, 403)
        # Only what stands behind the question mark is taken over: nobody is led elsewhere.
        asked = dict(parse_qsl(query))
        if self._at(text):
            asked.setdefault(ASKED, text.language)
        return RedirectResponse(f"/?{urlencode(asked)}" if asked else "/", 303)

    def _page(self, query: str, text: Text, wrong: str = "", name: str = "") -> str:
        """The entry page; ``wrong``: why it is shown again."""
        closed = self._room.has_password
        label, hint = (
            (text.ROOM_PASSWORD, text.ROOM_PASSWORD_HINT)
            if closed
            else (text.ROOM_CODE, text.ROOM_CODE_HINT)
        )
        kind = 'type="password" autocomplete="current-password"' if closed else _CODE
        alert = f'<p class="bad" id="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
        kept = text.ROOM_KEPT.format(days=self._days) if self._days else text.ROOM_KEPT_ALWAYS
        others = {k: v[-1] for k, v in parse_qs(query).items() if k != ASKED}
        body = (
            languages(text, lambda code: f"/?{urlencode({**others, ASKED: code})}")
            + f"<main><h1>{escape(text.TITLE)}</h1><p>{escape(text.ROOM_LEAD)}</p>{alert}"
            f'<form method="post" action="{self._at(text)}{ENTER}">'
            f'<div><label for="secret">{escape(label)}</label><input id="secret" name="secret" '
            f'{kind} maxlength="200" required autofocus aria-describedby="secret-hint">'
            f'<span class="quiet" id="secret-hint">{escape(hint)}</span></div>'
            f'<div><label for="name">{escape(text.ROOM_NICKNAME)}</label><input id="name" '
            f'name="name" value="{escape(name[:MOST_NICKNAME], quote=True)}" required '
            f'maxlength="{MOST_NICKNAME}" autocomplete="nickname" aria-describedby="name-hint">'
            f'<span class="quiet" id="name-hint">{escape(text.ROOM_NICKNAME_HINT)}</span></div>'
            f'<input type="hidden" name="query" value="{escape(query, quote=True)}">'
            f'<button class="main" id="enter">{escape(text.ROOM_ENTER)}</button></form>'
            f'<p class="quiet">{escape(kept)}</p></main>'
        )
        return whole(text.ROOM_ENTRY_TITLE, STYLE, body)


_CODE = 'class="code" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false"'


async def form_of(request: Request, most: int) -> Mapping[str, str]:
    """Return the fields of a form that was sent; none of one that is longer than ``most`` bytes."""
    body = await body_of(request, most)
    try:
        found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=16)
    except ValueError:  # too many fields for any form of the lab
        return {}
    return {name: values[-1] for name, values in found.items()}


async def body_of(request: Request, most: int) -> bytes:
    """Return what was sent; nothing if it is longer than ``most`` bytes."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > most:
                return b""
    except ClientDisconnect:
        return b""
    return body


def address_of(scope: Mapping[str, Any]) -> str:
    """Return the address of who asks."""
    return str((scope.get("client") or ("",))[0])
