"""The class board: a page of its own beside the lab's, and the small answers that keep it live."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from lab.report.challenges import STANDARD
from lab.report.text import Text
from lab.serve.board import Board
from lab.serve.engine import Engine
from lab.ui.language import place
from lab.ui.visitors import Visitors

HERE = Path(__file__).parent
ADDRESS = "/board"
NEWS = f"{ADDRESS}/news"
ASK_SECONDS = 3
LONGEST_TOKEN = 64
NO_STORE = {"Cache-Control": "no-store"}


def routes(engine: Engine, visitors: Visitors, texts: Sequence[Text]) -> list[Route]:
    """The board's routes in every language; ``texts``: the lab's own language first."""
    board, found = Board(engine), []
    for text in texts:
        root = "" if text is texts[0] else place(text.language)
        found += [
            Route(root + ADDRESS, _page(engine, root, text)),
            Route(root + NEWS, _news(board, visitors, text)),
        ]
    return found


def _page(engine: Engine, root: str, text: Text) -> Any:
    whole = page_html(root, engine.alone, text)

    def page(request: Request) -> Response:
        return HTMLResponse(whole, headers=NO_STORE)

    return page


def _news(board: Board, visitors: Visitors, text: Text) -> Any:
    def news(request: Request) -> Response:
        visitor = visitors.of(request.headers.get("cookie", ""))
        since = request.query_params.get("since", "")[:LONGEST_TOKEN]
        changed = board.answer(visitor, since, text)
        if changed is None:
            return Response(status_code=204, headers=NO_STORE)
        return JSONResponse(changed, headers=NO_STORE)

    return news


def page_html(root: str, alone: bool, text: Text) -> str:
    """The page: one file with its style and script, which asks this lab alone.

    ``root``: where the page's language stands, "" for the lab's own. ``alone``: nobody shares runs.
    """
    relearn = text.ATTACK_KINDS[STANDARD.kind]
    words = {
        "news": root + NEWS,
        "root": root,
        "seconds": ASK_SECONDS,
        "decimal": text.NUMBERS["decimal"],
        "axes": {"across": text.FORGET_AXIS, "kept": text.RETAIN_AXIS, "back": text.BOARD_BACK},
        "best": text.BOARD_BEST,
        "begins": text.BOARD_BEGINS,
        "original": text.ORIGINAL,
        "new": text.BOARD_NEW,
        "silent": text.BOARD_SILENT,
        "none": text.BOARD_EMPTY_ALONE if alone else text.BOARD_EMPTY,
        "unattacked": [words.format(attack=relearn) for words in text.BOARD_NO_ATTACKS],
        "count": text.BOARD_COUNT,
    }
    parts = {
        "TITLE": escape(text.BOARD_TITLE),
        "HOME": escape(text.BOARD_HOME),
        "KEPT": escape(text.BOARD_VIEWS["kept"]),
        "BACK": escape(text.BOARD_VIEWS["back"]),
        "CHALLENGES": escape(text.BOARD_CHALLENGES),
        "SIGNS": escape(text.BOARD_SIGNS),
        "TABLE": escape(text.BOARD_TABLE),
        # in a script element nothing is escaped, so no word may end it
        "WORDS": json.dumps(words).replace("<", "\\u003c"),
        "STYLE": _file("board.css"),
        "SCRIPT": _file("board.js"),
    }
    page = _file("board.html")
    for name, value in parts.items():
        page = page.replace(f"[[{name}]]", value)
    return page


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
