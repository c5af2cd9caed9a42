"""Owns the plain pictures: coloured shapes drawn with Pillow, and the questions about them."""

from __future__ import annotations

import io
import math
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

SIZE = 112
SCALE = 4  # drawn larger and shrunk, for smooth edges
COLOURS = {
    "red": (214, 40, 40),
    "green": (46, 160, 67),
    "blue": (45, 95, 225),
    "yellow": (246, 220, 40),
    "orange": (244, 135, 25),
    "purple": (135, 60, 175),
    "black": (15, 15, 15),
    "white": (250, 250, 250),
}
SHAPES = {"circle": 0, "triangle": 3, "square": 4, "star": 10}  # corners; 0 is round
COUNTS = ("one", "two", "three", "four")
SIDES = {"left": (28, 56), "right": (84, 56), "top": (56, 28), "bottom": (56, 84)}
PLACES = {
    "left": " on the left.",
    "right": " on the right.",
    "top": " at the top.",
    "bottom": " at the bottom.",
}
LIGHT = ((226, 226, 222), (205, 218, 230), (232, 214, 205))
DARK = ((48, 48, 56), (38, 58, 54), (64, 50, 62))
KINDS = ("single", "count", "position")

Point = tuple[float, float]


@dataclass(frozen=True)
class Asked:
    """One four-option question: what it asks about, its wording, options in order, answer."""

    fact: str
    question: str
    options: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Drawn:
    """One picture as PNG bytes with its questions and a sentence that describes it."""

    png: bytes
    questions: tuple[Asked, ...]
    description: str


def draw_pictures(count: int, seed: str, taken: set[bytes]) -> list[Drawn]:
    """Return ``count`` pictures, each different from the others and from ``taken`` (extended)."""
    rng = random.Random(seed)
    pictures: list[Drawn] = []
    for colour, shape, kind in _subjects(rng, count):
        drawn = _draw(rng, colour, shape, kind)
        while drawn.png in taken:
            drawn = _draw(rng, colour, shape, kind)
        taken.add(drawn.png)
        pictures.append(drawn)
    return pictures


def _subjects(rng: random.Random, count: int) -> list[tuple[str, str, str]]:
    """Return colour, shape and kind of each picture; no combination twice before all came once."""
    everything = [(c, s, k) for k in KINDS for s in SHAPES for c in COLOURS]
    chosen: list[tuple[str, str, str]] = []
    while len(chosen) < count:
        rng.shuffle(everything)
        chosen += everything
    return chosen[:count]


def _draw(rng: random.Random, colour: str, shape: str, kind: str) -> Drawn:
    questions = [_about(rng, *rng.choice((("colour", colour), ("shape", shape))), kind == "count")]
    described = _described("one", colour, shape)
    if kind == "single":
        centres = [(56 + rng.uniform(-10, 10), 56 + rng.uniform(-10, 10))]
        radius = rng.uniform(24, 34)
        questions = [_about(rng, "colour", colour), _about(rng, "shape", shape)]
    elif kind == "count":
        number = rng.randrange(4)
        cells = rng.sample([(29, 29), (83, 29), (29, 83), (83, 83)], number + 1)
        centres = [(x + rng.uniform(-5, 5), y + rng.uniform(-5, 5)) for x, y in cells]
        radius = rng.uniform(17, 21)
        questions.insert(0, _about(rng, "count", COUNTS[number]))
        described = _described(COUNTS[number], colour, shape)
    else:
        side = rng.choice(list(SIDES))
        x, y = SIDES[side]
        centres = [(x + rng.uniform(-6, 6), y + rng.uniform(-6, 6))]
        radius = rng.uniform(17, 22)
        questions.insert(0, _about(rng, "position", side))
        described = described[:-1] + PLACES[side]
    return Drawn(_render(rng, colour, shape, centres, radius), tuple(questions), described)


def _described(number: str, colour: str, shape: str) -> str:
    if number == "one":
        return f"{'An' if colour[0] in 'aeiou' else 'A'} {colour} {shape}."
    return f"{number.capitalize()} {colour} {shape}s."


def _about(rng: random.Random, fact: str, answer: str, several: bool = False) -> Asked:
    # Always the plural in a counting picture: the wording must not tell one from several.
    wording = {
        ("colour", False): "What colour is the shape?",
        ("colour", True): "What colour are the shapes in the picture?",
        ("shape", False): "What shape is in the picture?",
        ("shape", True): "What kind of shape is in the picture?",
        ("count", False): "How many shapes are in the picture?",
        ("position", False): "In which part of the picture is the shape?",
    }[fact, several]
    pool = {"colour": COLOURS, "shape": SHAPES, "count": COUNTS, "position": SIDES}[fact]
    options = [answer, *rng.sample([value for value in pool if value != answer], 3)]
    rng.shuffle(options)
    return Asked(fact, wording, tuple(options), answer)


def _render(
    rng: random.Random, colour: str, shape: str, centres: list[Point], radius: float
) -> bytes:
    backgrounds = {"black": LIGHT, "white": DARK}.get(colour, LIGHT + DARK)
    image = Image.new("RGB", (SIZE * SCALE, SIZE * SCALE), _near(rng, rng.choice(backgrounds), 6))
    canvas = ImageDraw.Draw(image)
    fill = _near(rng, COLOURS[colour], 8)
    tilt = rng.uniform(-12, 12)
    for x, y in centres:
        centre = (x * SCALE, y * SCALE)
        if corners := SHAPES[shape]:
            canvas.polygon(_outline(centre, radius * SCALE, corners, tilt), fill)
        else:
            canvas.circle(centre, radius * SCALE, fill)
    stream = io.BytesIO()
    image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _outline(centre: Point, radius: float, corners: int, tilt: float) -> list[Point]:
    """Return a polygon's corners; a star is ten corners, every second one drawn in."""
    start = math.radians(tilt - 90 + (45 if corners == 4 else 0))
    points = []
    for i in range(corners):
        angle = start + 2 * math.pi * i / corners
        reach = radius * (0.45 if corners == 10 and i % 2 else 1.0)
        points.append((centre[0] + reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    return points


def _near(rng: random.Random, rgb: tuple[int, int, int], spread: int) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, c + rng.randint(-spread, spread))) for c in rgb)
    return red, green, blue
