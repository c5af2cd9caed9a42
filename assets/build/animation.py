"""Make the README's animation from a walk through the real app: python -m assets.build.animation"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

from PIL import Image

from assets.build.browser import PATIENCE, page_of
from assets.build.screenshots import SCREENS, WHO
from lab.recipe import load_preset
from lab.serve.engine import Engine
from lab.serve.local import LocalEngine
from tests.ui import walk

WIDTH, HEIGHT = 1280, 800
SMALL = (960, 600)
MAX_BYTES = 3_000_000
MOST_FRAMES = 10  # of one run
# The portraits in view have come; those below are loaded when they are scrolled to.
FACES = (
    "[...document.querySelectorAll('#people img')].slice(0, 12)"
    ".every((face) => face.complete && face.naturalWidth)"
)
QUALITIES = (70, 55, 40, 25)


class Film:
    """Frames of a page and how long each is shown, in milliseconds."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.frames: list[Image.Image] = []
        self.lasting: list[int] = []

    def take(self, milliseconds: int) -> None:
        """Add the page as it is now; a frame like the one before only makes that one last longer."""
        picture = Image.open(io.BytesIO(self.tab.screenshot())).convert("RGB")
        frame = picture.resize(SMALL, Image.Resampling.LANCZOS)
        if self.frames and frame.tobytes() == self.frames[-1].tobytes():
            self.lasting[-1] += milliseconds
            return
        self.frames.append(frame)
        self.lasting.append(milliseconds)

    def follow(self, line: str, words: str, every: int) -> None:
        """Take a frame every so many milliseconds until a run's line says the words."""
        for _ in range(PATIENCE // every):
            self.take(400)
            if words in self.tab.locator(f"#{line}").inner_text():
                return
            self.tab.wait_for_timeout(every)
        raise SystemExit(f"the run's line never said {words!r}")

    def thin(self, first: int) -> None:
        """Keep so many frames since the first one at most, evenly, always the last."""
        taken = len(self.frames) - first
        stride = max(1, -(-taken // MOST_FRAMES))
        kept = [k for k in range(taken) if (taken - 1 - k) % stride == 0]
        self.frames[first:] = [self.frames[first + k] for k in kept]
        self.lasting[first:] = [self.lasting[first + k] for k in kept]

    def write(self, path: Path) -> int:
        """Write a WebP that plays for ever, in the best quality that fits; returns its bytes."""
        for quality in QUALITIES:
            data = io.BytesIO()
            self.frames[0].save(
                data,
                "WEBP",
                save_all=True,
                append_images=self.frames[1:],
                duration=self.lasting,
                loop=0,
                quality=quality,
                method=6,
            )
            if data.tell() <= MAX_BYTES:
                path.write_bytes(data.getvalue())
                return data.tell()
        raise SystemExit(f"the animation has more than {MAX_BYTES:,d} bytes: take fewer frames")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SCREENS / "walk.webp")
    parser.add_argument("--port", type=int, default=7872)
    options = parser.parse_args()
    film(LocalEngine(load_preset("demo")), options.out, options.port, every=1500)


def film(engine: Engine, out: Path, port: int, every: int) -> None:
    """Serve the page, walk through it and write the animation; ``every`` in milliseconds."""
    with page_of(engine, port, WIDTH, HEIGHT, "light") as tab:
        made = Film(tab)
        walk_through(made, every)
    print(f"written: {out}, {made.write(out):,d} bytes, {len(made.frames)} frames")


def walk_through(made: Film, every: int) -> None:
    """Pick, forget, ask, attack."""
    tab = made.tab
    tab.wait_for_function(FACES)
    made.take(1500)
    walk.pick(tab, WHO)
    made.take(1800)
    walk.step(tab, 3)
    made.take(800)
    first = len(made.frames)
    tab.locator("#unlearn").click()
    made.follow("unlearn-line", "finished", every)
    made.thin(first)
    made.take(1800)
    walk.step(tab, 4)
    walk.ask(tab, "Who is this?", PATIENCE)
    made.take(2500)
    walk.step(tab, 5)
    made.take(800)
    first = len(made.frames)
    tab.locator("#attack").click()
    made.follow("attack-line", "finished", every)
    made.thin(first)
    made.take(3000)


if __name__ == "__main__":
    main()
