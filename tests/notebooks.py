"""Runs the cells of a notebook in one namespace, as a fresh kernel would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"


def run(name: str) -> dict[str, Any]:
    """The variables that the cells of a notebook leave; its file holds no output of an earlier run."""
    told = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert told["nbformat"] == 4
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in told["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            exec(compile("".join(cell["source"]), f"{name}, {cell['id']}", "exec"), space)
    return space
