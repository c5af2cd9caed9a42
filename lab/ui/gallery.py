"""The people in the gallery: read from the engine, searched, and their portraits on disk."""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from hashlib import sha256
from pathlib import Path

from PIL import Image, ImageOps

from lab.benchmarks.images import decode
from lab.errors import LabError
from lab.report.text import Text
from lab.serve.views import EntityCard
from lab.serve.visit import Visit
from lab.ui.drafts import Drafts
from lab.ui.served import Uploads, own_folder
from lab.ui.staging import Staging

MOST_PICTURE_BYTES = 8 * 2**20
MOST_PIXELS = 24_000_000
PAGE = 60  # people shown at once
THUMBNAIL, SMALL_BYTES = 256, 40_000


class People:
    """Entity cards by id, and all files about them: portraits, uploads and prepared downloads."""

    def __init__(self, engine: Visit, uploads: Uploads, text: Text) -> None:
        self._engine, self._text = engine, text
        self._cards: dict[str, EntityCard] = {}
        self._lock = threading.Lock()
        self._folder = own_folder("people")
        self.changed = False  # since the page was built
        # Who is gone, or another one, since the last change.
        self.moved: frozenset[str] = frozenset()
        self._edition = engine.menu.edition
        self.uploads = uploads
        self.drafts, self.staging = Drafts(uploads, text), Staging(text)

    def all(self) -> list[EntityCard]:
        """Return every card that who asks may see; empty while the engine cannot tell yet."""
        return [card for card in self._read() if card.shared or self._mine(card)]

    def _mine(self, card: EntityCard) -> bool:
        """Whether a card is everybody's or was added by who asks."""
        return card.owner in ("", self._engine.who())

    def _read(self) -> list[EntityCard]:
        if self._edition != self._engine.menu.edition:
            self._renew()
        if not self._cards:
            try:
                self._cards = {card.id: card for card in self._engine.everybody()}
            except LabError:
                return []
        return list(self._cards.values())

    def refresh(self) -> None:
        """Ask the engine again for the people; files about people who were removed are deleted."""
        with self._lock:
            now = {card.id: card for card in self._engine.everybody()}
            gone = self._cards.keys() - now.keys()
            self._cards, self.changed = now, True
            for entity in gone:
                for file in self._folder.glob(f"{_stem(entity)}_*.jpg"):
                    file.unlink(missing_ok=True)
        for entity in gone:
            self.staging.drop(entity)
        if gone:
            self.uploads.drop_copies()

    def _renew(self) -> None:
        """Ask for the people of another benchmark: an id may now be of somebody else."""
        with self._lock:
            if self._edition == self._engine.menu.edition:
                return  # another thread was faster
            self._edition = self._engine.menu.edition
            now = {card.id: card for card in self._engine.everybody()}
            self.moved = frozenset(i for i, card in self._cards.items() if now.get(i) != card)
            self._cards, self.changed = now, True
            last = f"*_{self._edition - 1}_*"  # a page may still show these
            for file in self._folder.glob("*.jpg"):
                if not file.match(last):
                    file.unlink(missing_ok=True)
        for entity in self.moved:
            self.staging.drop(entity)
        self.uploads.drop_copies()

    def card(self, entity: str) -> EntityCard | None:
        """Return one card, or None for an unknown id."""
        self._read()
        card = self._cards.get(entity)
        return card if card and (card.shared or self._mine(card)) else None

    def search(self, query: str) -> list[EntityCard]:
        """Return the cards whose name or facts contain every word of the query."""
        words = query.casefold().split()
        return [
            card
            for card in self.all()
            if all(w in " ".join((card.name, *card.profile.values())).casefold() for w in words)
        ]

    def held_out(self, entity: str) -> int:
        """Return the number of the last view: the one least likely to have been trained on."""
        return len(self._cards[entity].views) - 1

    def picture(self, entity: str, view: int = -1) -> str:
        """Return the file of a view, or of the small portrait for view -1.

        Raises ``LabError`` if the person was removed.
        """
        with self._lock:  # so that no file is written once its person is gone
            card = self._cards.get(entity)
            if card is None:
                raise LabError(self._text.PERSON_GONE)
            view = view % len(card.views) if view >= 0 and card.views else -1
            file = self._folder / f"{_stem(entity)}_{self._edition}_{view}.jpg"
            if not file.exists():
                file.write_bytes(face_of(card) if view < 0 else card.views[view])
        return str(file)

    def gallery(self, query: str, text: Text, most: int = PAGE) -> list[tuple[str, str, str]]:
        """Return (id, file, name) for the gallery, the first ``most`` of those found."""
        shown = []
        for card in self.search(query)[:most]:
            with contextlib.suppress(LabError):  # removed this very moment
                form = text.OWN_CAPTION if self._mine(card) else text.OWN_SHARED_CAPTION
                name = form.format(name=card.name) if card.questions else card.name
                shown.append((card.id, self.picture(card.id), name))
        return shown


def _stem(entity: str) -> str:
    """A file name for an id; a number in the list would change when somebody is added."""
    return sha256(entity.encode()).hexdigest()[:16]


def face_of(card: EntityCard) -> bytes:
    """Return the small portrait of a card; of several people, their faces in two columns."""
    if len(card.faces) < 2:
        return thumbnail(card.portrait)
    half = THUMBNAIL // 2
    whole = Image.new("RGB", (THUMBNAIL, THUMBNAIL))
    right = (len(card.faces) + 1) // 2  # the place of the first face in the right half
    for x, faces in ((0, card.faces[:right]), (half, card.faces[right:])):
        height = THUMBNAIL // len(faces)
        for place, data in enumerate(faces):
            whole.paste(ImageOps.fit(_read(data), (half, height)), (x, place * height))
    return small(whole)


def thumbnail(data: bytes) -> bytes:
    """Return a portrait small enough for a gallery of many: as it is, or as a JPEG of 256 px."""
    return data if len(data) <= SMALL_BYTES else small(_read(data))


def _read(data: bytes) -> Image.Image:
    """A portrait; a grey square for one that cannot be read: it must not hide the rest."""
    try:
        return decode(data)
    except LabError:
        return Image.new("RGB", (THUMBNAIL, THUMBNAIL), "grey")


def small(image: Image.Image) -> bytes:
    """Return a picture as a JPEG of at most 256 px."""
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def read_picture(path: str | None, text: Text) -> bytes | None:
    """Read and check a picture file; raises ``LabError`` for anything that is not one."""
    if not path:
        return None
    file = Path(path)
    limit = MOST_PICTURE_BYTES // 2**20
    too_big = text.BIG_PICTURE.format(megabytes=limit, pixels=MOST_PIXELS // 1_000_000)
    if file.stat().st_size > MOST_PICTURE_BYTES:
        raise LabError(too_big)
    data = file.read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise LabError(too_big)
                image.load()
    except LabError:
        raise
    # Pillow raises many kinds of errors for broken files: OSError, SyntaxError, ValueError, …
    except Exception:
        raise LabError(text.BAD_PICTURE) from None
    return data
