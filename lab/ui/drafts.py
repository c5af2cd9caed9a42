"""Pictures of a person who is about to be added: in memory only, their uploads deleted at once."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from lab.benchmarks.images import MAX_BYTES, decode
from lab.benchmarks.own import MOST_VIEWS, SIDE
from lab.errors import LabError
from lab.report.text import Text
from lab.ui.served import Uploads

MOST_KEPT = 256 * 2**20  # over all visitors; the oldest go first
KEPT_SECONDS = 3600


class Drafts:
    """The sent pictures by path: their pixels as PNG, or the reason why they cannot be read.

    An upload may say where and when it was taken. So it is read once and then deleted, whether the
    person is added or refused. A refused form can be corrected without sending the pictures again.
    """

    def __init__(self, uploads: Uploads, text: Text) -> None:
        self.uploads, self._text = uploads, text
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, bytes | LabError]] = {}

    def collect(self, paths: Iterable[str]) -> None:
        """Read the sent pictures, as many as a person may have, and delete all uploads."""
        paths = list(paths)
        try:
            for path in filter(self.uploads.here, paths[:MOST_VIEWS]):
                self._keep(path, _read(Path(path), self._text))
        finally:
            self.uploads.drop(paths)

    def picture(self, path: str, place: int) -> bytes:
        """Return a picture that was collected; raises ``LabError`` with its number, from 1."""
        with self._lock:
            _, found = self._kept.get(path, (0.0, None))
        if found is None:
            raise LabError(self._text.OWN_UPLOAD_GONE.format(place=place))
        if isinstance(found, LabError):
            raise LabError(self._text.OWN_BAD.format(place=place, reason=found))
        return found

    def drop(self, paths: Iterable[str]) -> None:
        """Forget pictures, once their person is added."""
        with self._lock:
            for path in paths:
                self._kept.pop(path, None)

    def _keep(self, path: str, found: bytes | LabError) -> None:
        with self._lock:
            _, before = self._kept.pop(path, (0.0, None))
            found = before or found  # another event may have read it and deleted it first
            self._kept[path] = time.monotonic(), found
            total = sum(map(_weight, self._kept.values()))
            for old, (since, _) in list(self._kept.items()):
                if total <= MOST_KEPT and since > time.monotonic() - KEPT_SECONDS:
                    return
                total -= _weight(self._kept.pop(old))


def _weight(kept: tuple[float, bytes | LabError]) -> int:
    return len(kept[1]) if isinstance(kept[1], bytes) else 0


def _read(file: Path, text: Text) -> bytes | LabError:
    try:
        if file.stat().st_size > MAX_BYTES:
            return LabError(text.OWN_HEAVY.format(megabytes=MAX_BYTES >> 20))
        image = decode(file.read_bytes())
    except OSError:
        return LabError(text.OWN_AGAIN)
    except LabError as error:
        return error
    image.thumbnail((SIDE, SIDE))
    # drawn again from the pixels, so that no EXIF, place, comment or profile can come along
    bare = Image.frombytes("RGB", image.size, image.tobytes())
    out = io.BytesIO()
    bare.save(out, "PNG", compress_level=1)
    return out.getvalue()
