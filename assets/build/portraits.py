"""Owns the synthetic portraits of the people benchmark: drawing, the curated table, rendering."""

from __future__ import annotations

import argparse
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openvino as ov
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

HERE = Path(__file__).resolve().parent
TABLE = HERE / "portraits.json"
PORTRAITS = HERE.parent / "people" / "portraits"

STYLE_DIM = 512
MEAN_SAMPLES = 4096
TRUNCATION = 0.7  # 0.6 makes faces look alike, above 0.75 artefacts become common
SIZE = 224
JPEG_QUALITY = 88
VIEWS = 10

# First words of the random streams, so that no two uses ever share their numbers.
STREAM_MEAN, STREAM_FACE, STREAM_JITTER, STREAM_PHOTO = range(4)

Array = npt.NDArray[np.float32]
Span = tuple[float, float]


@dataclass(frozen=True)
class Person:
    """One curated identity; `salt` re-rolls its views without changing the face itself."""

    id: str
    seed: int
    presentation: str
    age: int
    salt: int = 0


@dataclass(frozen=True)
class Recipe:
    """Ranges one view is drawn from; a range holding one value fixes that change."""

    jitter: Span = (0.0, 0.0)  # how far the style moves toward another random style
    tilt: Span = (0.0, 0.0)  # degrees, positive is counter-clockwise
    crop: Span = (1.0, 1.0)  # side of the crop as a share of the full picture
    shift: float = 0.0  # how far the crop may leave the centre, share of the full picture
    flip: bool = False
    brightness: Span = (1.0, 1.0)
    contrast: Span = (1.0, 1.0)
    colour: Span = (1.0, 1.0)  # saturation
    warmth: Span = (0.0, 0.0)  # positive is warm, negative is cool
    blur: Span = (0.0, 0.0)  # pixels of the final picture


# View 0 is the clean gallery portrait, 1..5 are for training, 6..9 are held out. No two views share
# a mix of changes, so a held-out view is never a near copy of a training view. A jitter above 0.18
# drifts to another apparent gender or age for some faces.
RECIPES: tuple[Recipe, ...] = (
    Recipe(),
    Recipe((0.12, 0.15), (-3, 3), (0.90, 0.96), 0.02, True, (1.08, 1.18), warmth=(0.05, 0.09)),
    Recipe((0.12, 0.16), (6, 10), (0.80, 0.88), 0.03, contrast=(1.06, 1.14)),
    Recipe((0.13, 0.17), (-2, 2), (0.70, 0.78), 0.04, False, (0.78, 0.88), warmth=(-0.10, -0.06)),
    Recipe((0.12, 0.16), (-10, -6), (0.80, 0.88), 0.02, contrast=(0.82, 0.90), blur=(0.5, 0.8)),
    Recipe((0.13, 0.17), (3, 6), (0.84, 0.92), 0.02, True, contrast=(1.1, 1.2), colour=(1.1, 1.2)),
    Recipe((0.13, 0.17), (-12, -8), (0.76, 0.84), 0.02, True, (1.04, 1.12), warmth=(-0.08, -0.04)),
    Recipe((0.13, 0.17), (-3, 3), (0.66, 0.74), 0.05, False, (0.70, 0.80), (1.05, 1.12)),
    Recipe((0.13, 0.17), (7, 11), (0.78, 0.86), 0.03, warmth=(0.07, 0.12), blur=(0.6, 0.9)),
    Recipe((0.13, 0.17), (-6, -3), (0.86, 0.94), 0.02, True, (1.05, 1.15), colour=(0.35, 0.55)),
)


def stream(*words: int) -> np.random.Generator:
    """A random stream named by its words alone, the same on every machine."""
    return np.random.default_rng(words)


class Generator:
    """MobileStyleGAN from the random-face wheel, run by OpenVINO on the CPU."""

    def __init__(self) -> None:
        # The package's own API needs an OpenVINO module that is gone, so only its data is used.
        spec = find_spec("random_face")
        if spec is None or spec.origin is None:
            raise SystemExit("random-face is missing: see the extra build in pyproject.toml")
        data = Path(spec.origin).parent / "data"
        core = ov.Core()
        self._map = core.compile_model(data / "MappingNetwork.xml", "CPU")
        self._draw = core.compile_model(data / "SynthesisNetwork.xml", "CPU")
        noise = stream(STREAM_MEAN).standard_normal((MEAN_SAMPLES, STYLE_DIM), dtype=np.float32)
        self._mean: Array = np.mean([self._style(row[None]) for row in noise], axis=0)

    def _style(self, noise: Array) -> Array:
        return np.array(self._map(noise)[0], dtype=np.float32)

    def _offset(self, *words: int) -> Array:
        noise = stream(*words).standard_normal((1, STYLE_DIM), dtype=np.float32)
        return self._style(noise) - self._mean

    def face(self, seed: int, view: int = 0, salt: int = 0, jitter: float = 0.0) -> Image.Image:
        """The full-size picture of identity `seed`, moved by `jitter` toward another style."""
        style = self._mean + TRUNCATION * self._offset(STREAM_FACE, seed)
        if jitter:
            style = style + jitter * self._offset(STREAM_JITTER, seed, salt, view)
        pixels = np.clip(np.array(self._draw(style)[0][0]) * 127.5 + 128.0, 0, 255)
        return Image.fromarray(pixels.transpose(1, 2, 0).astype(np.uint8), "RGB")


def crop_tilted(
    image: Image.Image, tilt: float, share: float, shift: tuple[float, float]
) -> Image.Image:
    """A square cut out at an angle, made small enough never to reach past the picture's edge."""
    full = image.width
    turn = math.radians(tilt)
    reach = abs(math.cos(turn)) + abs(math.sin(turn))
    room = full * (1.0 - 2.0 * max(abs(shift[0]), abs(shift[1])))
    side = min(share * full, room / reach)
    centre = (full * (0.5 + shift[0]), full * (0.5 + shift[1]))
    # Sampled at twice the final size, then reduced: a direct affine resize would alias.
    out = 2 * SIZE
    step = side / out
    cos, sin = math.cos(turn) * step, math.sin(turn) * step
    half = out / 2
    matrix = (
        cos, -sin, centre[0] - half * (cos - sin),
        sin, cos, centre[1] - half * (sin + cos),
    )  # fmt: skip
    cut = image.transform((out, out), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return cut.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def warm(image: Image.Image, amount: float) -> Image.Image:
    """Shift the colour temperature by trading blue for red."""
    gains = np.array([1.0 + amount, 1.0, 1.0 - amount], dtype=np.float32)
    pixels = np.clip(np.asarray(image, dtype=np.float32) * gains, 0, 255)
    return Image.fromarray(pixels.round().astype(np.uint8), "RGB")


def photograph(image: Image.Image, recipe: Recipe, rng: np.random.Generator) -> Image.Image:
    """Apply a recipe's photographic changes, each drawn from its range."""
    shift = rng.uniform(-recipe.shift, recipe.shift, 2)
    result = crop_tilted(
        image, rng.uniform(*recipe.tilt), rng.uniform(*recipe.crop), (shift[0], shift[1])
    )
    if recipe.flip:
        result = result.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    result = ImageEnhance.Brightness(result).enhance(rng.uniform(*recipe.brightness))
    result = ImageEnhance.Contrast(result).enhance(rng.uniform(*recipe.contrast))
    result = ImageEnhance.Color(result).enhance(rng.uniform(*recipe.colour))
    result = warm(result, rng.uniform(*recipe.warmth))
    radius = rng.uniform(*recipe.blur)
    return result.filter(ImageFilter.GaussianBlur(radius)) if radius else result


def render_view(generator: Generator, seed: int, salt: int, view: int) -> Image.Image:
    """View `view` of a face; depends on nothing but these three numbers."""
    recipe = RECIPES[view]
    rng = stream(STREAM_PHOTO, seed, salt, view)
    jitter = rng.uniform(*recipe.jitter)
    return photograph(generator.face(seed, view, salt, jitter), recipe, rng)


def load_people() -> list[Person]:
    """The curated table, checked: ids run from 001, odd ids are women and even ids men."""
    people = [Person(**row) for row in json.loads(TABLE.read_text(encoding="utf-8"))]
    for number, person in enumerate(people, start=1):
        expected = "woman" if number % 2 else "man"
        if person.id != f"{number:03d}" or person.presentation != expected:
            raise SystemExit(f"{TABLE.name}: row {number} must be {number:03d}, {expected}")
    if len({person.seed for person in people}) != len(people):
        raise SystemExit(f"{TABLE.name}: a seed is used twice")
    return people


def contact_sheet(cells: Sequence[tuple[str, Image.Image]], columns: int, size: int) -> Image.Image:
    """Pictures in rows, each with its label written below."""
    label = 14
    rows = math.ceil(len(cells) / columns)
    sheet = Image.new("RGB", (columns * size, rows * (size + label)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (text, image) in enumerate(cells):
        x, y = index % columns * size, index // columns * (size + label)
        sheet.paste(image.resize((size, size), Image.Resampling.LANCZOS), (x, y))
        draw.text((x + 4, y + size + 1), text, fill="black")
    return sheet


def chunks(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def candidates(folder: Path, first: int, count: int) -> None:
    """Write contact sheets of candidate identities, to be curated by eye."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = Generator()
    for part in chunks(range(first, first + count), 40):
        cells = [(str(seed), generator.face(seed)) for seed in part]
        path = folder / f"candidates-{part[0]:04d}.png"
        contact_sheet(cells, columns=8, size=150).save(path)
        print(path, flush=True)


def render(folder: Path, only: Sequence[str]) -> None:
    """Write every view of every person, or of the persons named."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = Generator()
    total = 0
    for person in load_people():
        if only and person.id not in only:
            continue
        for view in range(VIEWS):
            buffer = io.BytesIO()
            render_view(generator, person.seed, person.salt, view).save(
                buffer, "JPEG", quality=JPEG_QUALITY, optimize=True
            )
            (folder / f"{person.id}-{view}.jpg").write_bytes(buffer.getvalue())
            total += buffer.tell()
        print(person.id, flush=True)
    print(f"{total / 1e6:.2f} MB")


def sheets(folder: Path, source: Path) -> None:
    """Write contact sheets of the rendered files: ten people with all views, and the gallery."""
    folder.mkdir(parents=True, exist_ok=True)
    people = load_people()
    for part in chunks(range(len(people)), 10):
        names = [f"{people[i].id}-{view}" for i in part for view in range(VIEWS)]
        cells = [(name, Image.open(source / f"{name}.jpg")) for name in names]
        contact_sheet(cells, VIEWS, 130).save(folder / f"views-{people[part[0]].id}.png")
    gallery = [(p.id, Image.open(source / f"{p.id}-0.jpg")) for p in people]
    contact_sheet(gallery, columns=8, size=150).save(folder / "gallery.png")


def main() -> None:
    """Parse the command line and run one subcommand."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("candidates", help="contact sheets of new identities")
    command.add_argument("folder", type=Path)
    command.add_argument("--first", type=int, default=0, help="first seed")
    command.add_argument("--count", type=int, default=160, help="how many seeds")
    command = commands.add_parser("render", help="write the portraits of the curated table")
    command.add_argument("ids", nargs="*", help="only these people")
    command.add_argument("--out", type=Path, default=PORTRAITS)
    command = commands.add_parser("sheets", help="contact sheets of the rendered portraits")
    command.add_argument("folder", type=Path)
    command.add_argument("--source", type=Path, default=PORTRAITS)
    args = parser.parse_args()
    if args.command == "candidates":
        candidates(args.folder, args.first, args.count)
    elif args.command == "render":
        render(args.out, args.ids)
    else:
        sheets(args.folder, args.source)


if __name__ == "__main__":
    main()
