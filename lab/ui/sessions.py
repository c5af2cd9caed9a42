"""Sessions without Gradio's second copy of the page: nothing of the lab reads it."""

from __future__ import annotations

from typing import Any

from gradio import state_holder
from gradio.blocks import Blocks


class Session(state_holder.SessionState):  # type: ignore[misc]  # no types
    """What Gradio remembers of an open page, without what every part showed last.

    Gradio keeps that for its deep links, which the door does not let through: half a megabyte and more
    for every page that was ever opened, up to ``MOST_SESSIONS``, with all that was typed.
    """

    def __init__(self, blocks: Blocks) -> None:
        super().__init__(blocks)
        self.config_values: dict[int, Any] = {}

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        """Keep nothing of a part that was given other properties."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keep nothing of what a part shows."""


def use_lean_sessions() -> None:
    """Have Gradio make its sessions of this kind, in this process."""
    state_holder.SessionState = Session
