"""The language of a visitor: each has a page of its own, and ``/`` is the one that was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Send

from lab.ui.visitors import cookies

ASKED, COOKIE = "lang", "lab-lang"
YEAR = 365 * 24 * 3600
PAGES = ("/", "/board")  # what opens in the visitor's language
CHANGE_JS = """
(name) => {
  const url = new URL(location.href);
  url.searchParams.set('lang', name);
  location.replace(url);
}
"""
# Gradio's own words, the page's ``lang`` and the numbers in the browser go by this.
SCRIPT = (
    "<head><script>Object.defineProperty(navigator, 'language', {{value: '{language}'}})</script>"
)


def place(language: str) -> str:
    """Return where the page of a language other than the lab's stands."""
    return f"/{language}"


def spoken(path: str, languages: Sequence[str]) -> str:
    """Return the language of an address, of ``languages``: the first unless the address names one."""
    named = path.lstrip("/").partition("/")[0]
    return named if named in languages else languages[0]


def in_language(page: bytes, language: str) -> bytes:
    """Return the HTML that Gradio serves, made to speak a language from its first line on."""
    named = page.replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
    return named.replace(b"<head>", SCRIPT.format(language=language).encode(), 1)


class Interpreter:
    """ASGI middleware that opens the page in the visitor's language.

    What the address asks for comes first and is kept in a cookie; then comes what was kept, then
    the browser's wish (unless ``fixed``), then the lab's language, the first of ``languages``.
    Only the page itself is led elsewhere, never a call: each page names its own address for those.
    """

    def __init__(self, app: Callable[..., Any], languages: Sequence[str], fixed: bool) -> None:
        self._app, self._languages, self._fixed = app, languages, fixed

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass everything on, a page to the language's place."""
        if (
            scope["type"] != "http"
            or scope["path"] not in PAGES
            or scope["method"] not in ("GET", "HEAD")
        ):
            await self._app(scope, receive, send)
            return
        asked = parse_qs(scope["query_string"].decode("latin-1")).get(ASKED, [""])[-1]
        asked = asked if asked in self._languages else ""
        language = asked or self._kept_or_wished(Headers(scope=scope))
        if language != self._languages[0]:
            path = f"{place(language)}{scope['path']}"
            scope = {**scope, "path": path, "raw_path": path.encode()}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.append("Vary", "Accept-Language, Cookie")
                if asked:
                    headers.append(
                        "Set-Cookie", f"{COOKIE}={asked}; Path=/; Max-Age={YEAR}; SameSite=Lax"
                    )
            await send(message)

        await self._app(scope, receive, answer)

    def _kept_or_wished(self, headers: Headers) -> str:
        for kept in cookies(headers.get("cookie", ""), COOKIE):
            if kept in self._languages:
                return kept
        wished = () if self._fixed else wishes(headers.get("accept-language", ""))
        return next((w for w in wished if w in self._languages), self._languages[0])


def wishes(header: str) -> list[str]:
    """Return the languages of an Accept-Language header, the most wanted first, without regions."""
    found = []
    for part in header.split(","):
        name, _, weight = part.partition(";q=")
        try:
            found.append((-float(weight or 1), name.strip().lower().partition("-")[0]))
        except ValueError:
            continue
    return [name for weight, name in sorted(found, key=lambda one: one[0]) if weight < 0]
