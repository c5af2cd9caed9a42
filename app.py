"""python app.py: the same as mllm-lab serve, with the same flags; a Space starts it, too."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lab.cli.main import main as run
from lab.cli.space import space_flags


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the page with these flags, or with the command line's."""
    run(["serve", *space_flags(), *(sys.argv[1:] if arguments is None else arguments)])


if __name__ == "__main__":
    main()
