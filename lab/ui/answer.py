"""What every answer tells a browser: its policy, its headers and, where it has none, its cookie."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from hashlib import sha256

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from lab.ui.language import in_language

INLINE = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
POLICY = {
    "default-src": "'self'",
    "base-uri": "'self'",
    "object-src": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "style-src": "'self' 'unsafe-inline'",
    "script-src": "'self' 'unsafe-eval'",
}
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class Guarded:
    """Sends an answer with the headers; the policy of a page allows the scripts in that page.

    ``cookie``: the header that gives a visitor their cookie; a page always comes with it, everything
    else where it ``is_new``.
    """

    def __init__(
        self,
        send: Send,
        language: str,
        first: Callable[[str], str],
        cookie: str,
        is_new: bool,
    ) -> None:
        self._send, self._language, self._first = send, language, first
        self._cookie, self._is_new = cookie, is_new
        self._start: Message | None = None
        self._page = b""

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer; the parts of a page are kept until it is whole."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS | {"Content-Security-Policy": policy(b"")})
            is_page = headers.get("content-type", "").startswith("text/html")
            if is_page or self._is_new:
                headers.append("Set-Cookie", self._cookie)
            if is_page:
                self._start = message  # its policy stands before it, so the page is awaited
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._page += message.get("body", b"")
            if message.get("more_body"):
                return
            page = _with_first(self._page, self._first(self._language).encode())
            page = in_language(page, self._language)
            headers = MutableHeaders(scope=self._start)
            headers.update(
                {"Content-Security-Policy": policy(page), "Content-Length": str(len(page))}
            )
            await self._send(self._start)
            self._start, message = None, {"type": "http.response.body", "body": page}
        await self._send(message)


def policy(page: bytes) -> str:
    """Return the Content-Security-Policy of a page: its own inline scripts, no outside host."""
    hashes = "".join(
        f" 'sha256-{base64.b64encode(sha256(script).digest()).decode()}'"
        for script in dict.fromkeys(INLINE.findall(page))
        if script
    )
    return "; ".join(
        f"{name} {value}{hashes if name == 'script-src' else ''}" for name, value in POLICY.items()
    )


def _with_first(page: bytes, first: bytes) -> bytes:
    """Return the page of the lab with what is seen first at its end; any other as it is."""
    head, end, tail = page.rpartition(b"</body>")
    return head + first + end + tail if b"<gradio-app" in page and end else page
