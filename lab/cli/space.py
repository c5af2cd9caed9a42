"""On a Hugging Face Space: what the lab must be told there, and the hardware that does not fit."""

from __future__ import annotations

import os

from lab.errors import LabError

# Set inside a Space: its host name (Spaces overview, "Helper environment variables"), and a sign of
# ZeroGPU (the package spaces 0.51.3, spaces/config.py).
HOST, ZERO_GPU = "SPACE_HOST", "SPACES_ZERO_GPU"
PRIVATE = "127.0.0.1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
FRAME = "https://huggingface.co"  # whose page shows the Space in a frame


def space_flags() -> list[str]:
    """The flags of ``serve`` that a Space needs; none anywhere else."""
    host = os.environ.get(HOST, "")
    if not host:
        return []
    # only the Space's own proxy reaches the lab, from a private address: what it says of visitors'
    # addresses is believed, or all of them share the tries of one at the code
    os.environ.setdefault("FORWARDED_ALLOW_IPS", PRIVATE)
    return ["--host", "0.0.0.0", "--allow-host", host, "--allow-frame", FRAME, "--room"]


def check_hardware() -> None:
    """Raise ``LabError`` on ZeroGPU.

    It lends a GPU to a separate process for each call, in a copy of this one that ends with the call.
    The lab keeps one model in one thread of this process, and chats with it between a run's steps.
    """
    if os.environ.get(ZERO_GPU, "").lower() in ("1", "true"):
        raise LabError(
            "this Space has ZeroGPU, which lends a GPU to one call at a time, and the lab keeps its "
            "model loaded between calls: choose CPU basic or a GPU of the Space's own in its settings"
        )
