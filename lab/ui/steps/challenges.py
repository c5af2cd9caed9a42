"""The report step: the room's challenges, folded away, and the way to the class board."""

from __future__ import annotations

from html import escape

import gradio as gr

from lab.report import markup
from lab.report.board import challenges_html
from lab.report.text import Text
from lab.serve.board import gathered
from lab.ui.context import CHANGE, KEEP_UNFOLDED, Frame


def layout(text: Text) -> gr.HTML:
    """Lay out the part; it is filled when the step is opened."""
    return gr.HTML(shown("", text), js_on_load=KEEP_UNFOLDED, elem_id="challenges")


def wire(part: gr.HTML, frame: Frame, tab: gr.Tab) -> None:
    """Keep it true: ``tab`` is the step's."""

    def renew() -> str:
        found = gathered(frame.engine)
        return shown(challenges_html(found.entries, found.names, frame.text), frame.text)

    gr.on([tab.select, frame.moment.change, frame.edition.select], renew, None, part, **CHANGE)


def shown(rankings: str, text: Text) -> str:
    """The rankings behind one line, or what to do where there is none, and the link to the board."""
    board = (
        f'<p class="lab-note"><a href="./board" target="_blank" rel="noopener">'
        f"{escape(text.BOARD_OPEN)}</a></p>"
    )
    inside = rankings or markup.note(text.CHALLENGES_NONE, "quiet")
    return markup.folded(text.BOARD_CHALLENGES, inside + board)
