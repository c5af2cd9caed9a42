"""Which page answers at ``/``: what the address asks for, what was chosen, what the browser wishes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lab.ui.language import Interpreter, in_language, spoken, wishes

LANGUAGES = ("en", "de")


def arrived(
    path: str, query: str = "", cookie: str = "", wish: str = "", fixed: bool = False
) -> tuple[str, dict[bytes, bytes]]:
    """The path that a request is led to, and the headers of its answer."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen["path"] = scope["path"]
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        seen["headers"] = dict(message["headers"])

    named = ((b"cookie", cookie), (b"accept-language", wish))
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name, value.encode()) for name, value in named if value],
    }
    # in a thread of its own: a browser of other tests may have left a loop running in this one
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, Interpreter(app, LANGUAGES, fixed)(scope, None, send)).result()
    return seen["path"], seen["headers"]


@pytest.mark.parametrize(
    "asked, leads",
    [
        ({}, "/"),
        ({"wish": "de-AT,de;q=0.9,en;q=0.5"}, "/de/"),
        ({"wish": "fr,en;q=0.9,de;q=0.5"}, "/"),
        ({"wish": "de", "fixed": True}, "/"),
        ({"wish": "en", "cookie": "lab-lang=de"}, "/de/"),
        ({"wish": "de", "cookie": "lab-lang=en"}, "/"),
        ({"wish": "de", "cookie": "lab-lang=xx"}, "/de/"),
        ({"wish": "en", "cookie": "a/b(c)=1; lab-lang=de"}, "/de/"),  # of another program
        ({"wish": "en", "cookie": "lab-lang=en", "query": "lang=de&entity=005"}, "/de/"),
        ({"query": "lang=en", "cookie": "lab-lang=de"}, "/"),
        ({"query": "lang=xx", "wish": "de"}, "/de/"),
    ],
)
def test_the_address_comes_before_the_choice_and_the_choice_before_the_browser(
    asked, leads
) -> None:
    assert arrived("/", **asked)[0] == leads


def test_a_choice_is_kept_and_a_wish_of_the_browser_is_not() -> None:
    kept = arrived("/", query="lang=de")[1][b"set-cookie"]
    assert kept.startswith(b"lab-lang=de; Path=/; Max-Age=")
    assert b"set-cookie" not in arrived("/", query="lang=%0d%0ax")[1]
    headers = arrived("/", wish="de")[1]
    assert b"set-cookie" not in headers and headers[b"vary"] == b"Accept-Language, Cookie"


def test_calls_and_files_go_where_they_say() -> None:
    for path in ("/gradio_api/call/status", "/config", "/de/gradio_api/queue/join", "/assets/x.js"):
        assert arrived(path, query="lang=de", wish="de") == (path, {})


def test_an_address_names_the_language_of_what_is_said_there() -> None:
    assert spoken("/de/gradio_api/upload", LANGUAGES) == "de"
    assert spoken("/gradio_api/upload", LANGUAGES) == spoken("/dec", LANGUAGES) == "en"


def test_wishes_are_read_in_their_order() -> None:
    assert wishes("de-CH;q=0.3, fr ,en;q=0.8,xx;q=no,it;q=0") == ["fr", "en", "de"]
    assert wishes("") == [""]


def test_the_served_page_names_its_language() -> None:
    page = in_language(b'<html lang="en"><head><title>x</title>', "de")
    assert page.startswith(b'<html lang="de"><head><script>') and b"value: 'de'" in page
