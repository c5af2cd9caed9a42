"""Owns the strangers: synthetic faces without a name, their curated table and their pictures."""

from __future__ import annotations

import argparse
import io
import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "strangers.json"
PICTURES = HERE.parent / "people" / "strangers"
SIZE = 112  # what the embedded model looks at
JPEG_QUALITY = 85
SHEET = 24  # faces on one contact sheet, large enough to judge hair and glasses by eye

# A training stranger is seen clean and in two of the five training recipes, by turns. View 9 is
# left out for the strangers held out: it takes most of the colour away, and what colour a
# stranger's hair has could then not be judged by anybody.
TRAIN_VIEWS = tuple((0, 1 + turn, 1 + (turn + 2) % 5) for turn in range(5))
TEST_VIEWS = (6, 7, 8)


@dataclass(frozen=True)
class Stranger:
    """One curated face; `salt` re-rolls its views without changing the face itself."""

    seed: int
    held_out: bool
    salt: int = 0

    @property
    def id(self) -> str:
        """The seed behind an "s", so that it never meets the id of a person with a name."""
        return f"s{self.seed}"

    @property
    def views(self) -> tuple[int, ...]:
        """The views that are rendered; every picture of a held-out stranger is held out."""
        return TEST_VIEWS if self.held_out else TRAIN_VIEWS[self.seed % len(TRAIN_VIEWS)]


def load_strangers(table: Path = TABLE) -> tuple[Stranger, ...]:
    """Return the curated table in the order of its seeds; no seed may stand in it twice."""
    strangers = tuple(Stranger(**row) for row in json.loads(table.read_text(encoding="utf-8")))
    seeds = [stranger.seed for stranger in strangers]
    if seeds != sorted(set(seeds)):
        raise SystemExit(f"{table.name}: the seeds must rise from row to row")
    return strangers


def render(folder: Path) -> None:
    """Write the pictures that are not there yet, so that a stopped build goes on where it was."""
    # Imported at its use: who only reads the table needs no OpenVINO.
    from PIL import Image

    from assets.build.portraits import Generator, render_view

    folder.mkdir(parents=True, exist_ok=True)
    generator = Generator()
    for stranger in load_strangers():
        for view in stranger.views:
            path = folder / f"{stranger.id}-{view}.jpg"
            if path.exists():
                continue
            picture = render_view(generator, stranger.seed, stranger.salt, view)
            buffer = io.BytesIO()
            picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(
                buffer, "JPEG", quality=JPEG_QUALITY, optimize=True
            )
            partial = path.with_suffix(".tmp")
            partial.write_bytes(buffer.getvalue())
            partial.replace(path)
        print(stranger.id, flush=True)


def sheets(folder: Path) -> None:
    """Write contact sheets of the clean views, for curating and for labelling by eye."""
    from assets.build.portraits import Generator, chunks, contact_sheet

    folder.mkdir(parents=True, exist_ok=True)
    generator = Generator()
    for part in chunks([stranger.seed for stranger in load_strangers()], SHEET):
        path = folder / f"clean-s{part[0]}.png"
        if not path.exists():
            cells = [(f"s{seed}", generator.face(seed)) for seed in part]
            contact_sheet(cells, columns=6, size=196).save(path)
        print(path, flush=True)


def main() -> None:
    """Parse the command line; candidates are drawn with `assets.build.portraits candidates`."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("render", help="write the pictures of the curated table")
    command.add_argument("--out", type=Path, default=PICTURES)
    command = commands.add_parser("sheets", help="contact sheets of the clean views")
    command.add_argument("folder", type=Path)
    args = parser.parse_args()
    if args.command == "render":
        render(args.out)
    else:
        sheets(args.folder)


if __name__ == "__main__":
    main()
