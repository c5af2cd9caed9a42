"""The door of the page: checks hosts, paths and uploads, and sets the headers for browsers."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Message, Receive, Send

from lab.errors import LabError
from lab.report.text import Text
from lab.report.translated import translated
from lab.ui.answer import Guarded
from lab.ui.classroom.gate import Gate
from lab.ui.hosts import Hosts
from lab.ui.language import Interpreter, spoken
from lab.ui.served import Uploads
from lab.ui.visitors import Visitors

MOST_UPLOAD = 257 * 2**20  # 256 MB of files and what stands around them
MOST_REQUEST = 16 * 2**20  # by the page: a long talk is far smaller
MOST_CALL = 64 * 2**10  # a script's settings

# What the page needs under /gradio_api/; Gradio has more there: proxies, recordings, deep links.
OPEN = {
    "GET": {
        "info",
        "openapi.json",
        "startup-events",
        "heartbeat",
        "queue",
        "upload_progress",
        "call",
        "theme.css",
        "app_id",
        "user",
        "login_check",
        "token",
        "file",
    },
    "POST": {"queue", "run", "call", "cancel", "reset", "upload"},
}
# Private handlers are called by number: through the queue, or through this where they do not wait.
PAGE_CALL = "predict"


def doors(
    host: str,
    allow_hosts: Sequence[str],
    uploads: Uploads,
    endpoints: Mapping[str, Sequence[str]],
    visitors: Visitors,
    texts: Sequence[Text],
    first: Callable[[str], str],
    fixed: bool = True,
    mcp: bool = False,
    gate: Gate | None = None,
) -> list[Middleware]:
    """Return the middleware for the pages bound to ``host``; ``endpoints`` are the public ones.

    ``texts``: of each page, the lab's own language first; ``fixed``: whatever a browser wishes.
    ``first``: gives the HTML that is put at the end of the page of a language, "" for none.
    ``mcp``: whether the endpoints are tools of an MCP server, too.
    ``gate``: of a room, which lets in only who has entered.
    """
    hosts = Hosts(host, allow_hosts)
    languages = [text.language for text in texts]
    return [
        Middleware(Interpreter, languages=languages, fixed=fixed),
        Middleware(
            Door,
            hosts=hosts,
            uploads=uploads,
            endpoints=endpoints,
            visitors=visitors,
            texts=texts,
            first=first,
            mcp=mcp,
            gate=gate,
        ),
    ]


class Door:
    """ASGI middleware that stands before everything Gradio serves."""

    def __init__(
        self,
        app: Callable[..., Any],
        hosts: Hosts,
        uploads: Uploads,
        endpoints: Mapping[str, Sequence[str]],
        visitors: Visitors,
        texts: Sequence[Text],
        first: Callable[[str], str],
        gate: Gate | None,
        mcp: bool = False,
    ) -> None:
        self._gate = gate
        self._app, self._hosts, self._uploads, self._endpoints = app, hosts, uploads, endpoints
        self._mcp = mcp
        self._texts, self._first = {text.language: text for text in texts}, first
        self._visitors = visitors

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Refuse what may not come in; pass everything else on, with the headers."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # the page needs no other way in, so nobody has one
            await send({"type": "websocket.close", "code": 1008})
            return
        cookie, is_new = self._known(scope)
        visitor, header = self._visitors.read(cookie), self._visitors.said(cookie, _is_safe(scope))
        headers, kind, parts = Headers(scope=scope), scope["method"], _api_path(scope["path"])
        text = self._texts[spoken(scope["path"], [*self._texts])]
        guarded = Guarded(send, text.language, self._first, header, is_new)
        # A page that is mounted would be compressed before it is read here; it is afterwards.
        bare = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        scope = {**scope, "headers": bare}
        refusal = self._refusal(headers, kind, parts, text)
        if refusal is None and self._gate is not None:
            refusal = await self._gate.answer(scope, receive, visitor, text)
        if refusal is None and parts and not self._uploads.may_see(_file(parts), visitor):
            refusal = _line("Not Found", 404)
        if refusal is None and kind == "POST" and parts[:1] == ["call"]:
            refusal, receive = await self._call(parts, receive, text)
        if refusal is not None:
            await refusal(scope, receive, guarded)
        elif kind == "POST" and parts[:1] == ["upload"]:
            await self._upload(headers, visitor, scope, receive, guarded, text)
        else:
            await self._app(scope, receive, guarded)

    def _known(self, scope: Message) -> tuple[str, bool]:
        """The cookie of who asks, and whether it is new; a new one is in this question already."""
        if cookie := self._visitors.sent(Headers(scope=scope).get("cookie", "")):
            return cookie, False
        headers, tool = MutableHeaders(scope=scope), _api_path(scope["path"])[:1] == ["mcp"]
        # MCP clients keep no cookie, and would be somebody else at every call
        place = (scope.get("client") or ("",))[0]
        cookie = self._visitors.named(f"mcp {place}") if tool else self._visitors.new()
        others = headers.get("cookie", "")
        mine = f"{self._visitors.cookie}={cookie}"
        headers["cookie"] = f"{mine}; {others}" if others else mine
        return cookie, True

    def _refusal(
        self, headers: Headers, kind: str, parts: list[str], text: Text
    ) -> Response | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._hosts.welcome(host):
            return PlainTextResponse(text.STRANGE_HOST.format(host=host[:80]), 400)
        if (
            kind not in ("GET", "HEAD", "OPTIONS")
            and origin
            and not self._hosts.same_site(origin, host)
        ):
            return _line(text.STRANGE_ORIGIN, 403)
        if parts and not self._is_open("GET" if kind == "HEAD" else kind, parts):
            return _line("Not Found", 404)
        if kind == "POST":
            most = MOST_UPLOAD if parts[:1] == ["upload"] else MOST_REQUEST
            return _too_long(headers, most, text)
        return None

    def _is_open(self, kind: str, parts: list[str]) -> bool:
        if kind == "OPTIONS":
            return True
        first = parts[0].partition("=")[0]
        if first == "mcp":
            return self._mcp and kind in ("GET", "POST", "DELETE") and parts[1:] in ([], ["http"])
        if first not in OPEN.get(kind, ()):
            return False
        if first == "file":  # never one of another host, which the server would fetch
            return "://" not in "/".join(parts)
        if first == "run":
            return parts[1:] == [PAGE_CALL]
        return first != "call" or _endpoint(parts) in self._endpoints

    async def _call(
        self, parts: list[str], receive: Receive, text: Text
    ) -> tuple[Response | None, Receive]:
        """Check a script's arguments, which Gradio answers with a traceback where some are missing."""
        body = await _body(receive, MOST_CALL)
        names = self._endpoints[_endpoint(parts)]
        if body is None or not _fits(body, names, by_name=parts[1] == "v2"):
            wanted = ", ".join(names) or text.NO_ARGUMENTS
            words = text.API_ARGUMENTS.format(name=_endpoint(parts), wanted=wanted)
            return _line(words, 422), receive
        return None, _again(body, receive)

    async def _upload(
        self,
        headers: Headers,
        visitor: str,
        scope: Message,
        receive: Receive,
        send: Send,
        text: Text,
    ) -> None:
        with ExitStack() as stack:
            room = self._uploads.room(int(headers["content-length"]))
            try:
                await anyio.to_thread.run_sync(functools.partial(stack.enter_context, room))
            except LabError as error:
                await _line(translated(str(error), text), 413)(scope, receive, send)
                return
            await self._app(scope, receive, _Adopting(send, self._uploads, visitor))


class _Adopting:
    """Sends Gradio's answer to an upload, with the places where the files really are."""

    def __init__(self, send: Send, uploads: Uploads, visitor: str) -> None:
        self._send, self._uploads, self._visitor = send, uploads, visitor
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._body
        if self._start["status"] == 200:
            body = await anyio.to_thread.run_sync(self._adopted)
            MutableHeaders(scope=self._start)["Content-Length"] = str(len(body))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})

    def _adopted(self) -> bytes:
        paths = json.loads(self._body)
        return json.dumps([self._uploads.adopt(path, self._visitor) for path in paths]).encode()


def _api_path(path: str) -> list[str]:
    """Return the parts after ``/gradio_api/``, wherever the page is mounted; [] for other paths."""
    _, found, rest = path.partition("/gradio_api/")
    return rest.strip("/").split("/") if found else []


def _file(parts: list[str]) -> str:
    """The path in ``file=PATH``; "" for any other address."""
    name, _, path = "/".join(parts).partition("=")
    return path if name == "file" else ""


def _is_safe(scope: Message) -> bool:
    """Whether the browser came over https, here or as far as the proxy before the lab."""
    return "https" in (scope.get("scheme"), Headers(scope=scope).get("x-forwarded-proto"))


def _endpoint(parts: list[str]) -> str:
    """The name in ``call/NAME`` or ``call/v2/NAME``."""
    return next(iter(parts[2:] if parts[1:2] == ["v2"] else parts[1:]), "")


async def _body(receive: Receive, most: int) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def once() -> Message:
        return messages.pop() if messages else await receive()

    return once


def _fits(body: bytes, names: Sequence[str], by_name: bool) -> bool:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(given, dict):
        return False
    if by_name:
        return set(given) == set(names)
    return isinstance(given.get("data"), list) and len(given["data"]) == len(names)


def _too_long(headers: Headers, most: int, text: Text) -> Response | None:
    size = headers.get("content-length", "")
    # In parts it may be longer than it says, because the server goes by the parts then.
    if not size.isdecimal() or "transfer-encoding" in headers:
        return _line(text.BODY_LENGTH, 411)
    if int(size) > most:
        return _line(text.BODY_LARGE.format(megabytes=most >> 20), 413)
    return None


def _line(words: str, code: int) -> JSONResponse:
    return JSONResponse({"detail": words}, code)
