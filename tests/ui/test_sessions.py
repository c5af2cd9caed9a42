"""What Gradio remembers of an open page: no second copy of what it shows."""

from __future__ import annotations

from pathlib import Path

from gradio import state_holder

from lab.ui.page import build
from lab.ui.sessions import Session, use_lean_sessions
from tests.ui.fake_engine import FakeEngine


def test_a_session_keeps_nothing_of_what_its_page_shows(tmp_path: Path, cache: Path) -> None:
    use_lean_sessions()
    demo = build(FakeEngine(tmp_path))
    holder = state_holder.StateHolder()
    holder.set_blocks(demo)
    session = holder["a page"]
    assert isinstance(session, Session) and session.config_values == {}
    shown = next(i for i, part in demo.blocks.items() if part.get_block_name() == "textbox")
    # what Gradio does with a handler's value, and with new properties of a part
    session[shown] = demo.blocks[shown]
    session._update_value_in_config(shown, "what somebody typed")
    session._update_config(shown)
    assert session.config_values == {} and session[shown] is demo.blocks[shown]
    kept = next(i for i, part in demo.blocks.items() if part.get_block_name() == "state")
    session[kept] = "a person"
    assert session[kept] == "a person" and holder["another page"][kept] != "a person"


def test_a_served_page_has_such_sessions(fake) -> None:
    assert state_holder.SessionState is Session
