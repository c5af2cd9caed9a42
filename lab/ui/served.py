"""The one folder from which this process serves files, and the uploads of visitors in it."""

from __future__ import annotations

import atexit
import functools
import math
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lab.errors import LabError
from lab.files import TEMPORARY, making, sweep
from lab.model.fetch import cache_folder
from lab.report.text import Text

# Uploads and Gradio's copies stand here, each in a folder, beside the lab's own folders, whose
# names end as those of ``lab.files.making`` do.
QUOTA_BYTES = 2 * 2**30
QUOTA_FILES = 4000
FRESH_SECONDS = 60  # younger files may still be on their way into the page
CUT_OFF_SECONDS = 600  # what has no folder after that was cut off while it came
KEPT_SECONDS = 86_400
ADOPTED_SECONDS = 60


@functools.cache
def folder() -> Path:
    """Create the folder once for this process and make Gradio use it; old leftovers are deleted.

    It is deleted when the process ends; if the process was killed, at the next start. Raises
    ``LabError``.
    """
    stack = ExitStack()
    try:
        sweep(cache_folder())
        path = stack.enter_context(making(cache_folder().resolve(), "served"))
    except OSError as error:
        # said in the terminal, before there is a page and its language
        raise LabError(
            f"cannot write {cache_folder()} ({error.strerror}): set LAB_CACHE to a folder "
            "you can write to"
        ) from None
    atexit.register(stack.close)
    # Gradio serves a file under this folder as it is and copies every other one into it.
    os.environ["GRADIO_TEMP_DIR"] = str(path)
    return path


def own_folder(stem: str) -> Path:
    """Create a folder of the lab inside the served one; both are deleted together."""
    return Path(tempfile.mkdtemp(dir=folder(), prefix=f"{stem}-", suffix=TEMPORARY))


class Uploads:
    """The uploads of visitors, each in its own folder, within a quota.

    ``who``: says who asks; an upload is there for its sender alone.
    """

    def __init__(self, text: Text, who: Callable[[], str] = lambda: "") -> None:
        self._text, self._who = text, who
        self.root = folder()
        self._sent: dict[str, str] = {}  # whose each upload is
        self._last: dict[str, str] = {}
        self._lock = threading.Lock()
        self._coming = 0
        self._stale = False

    def adopt(self, path: str, visitor: str = "") -> str:
        """Move a new upload to a place that only its sender knows; returns the place.

        Gradio names the place by the content. Two visitors who send the same file would share it,
        and the first to finish would delete it for both.
        """
        file = self.root / f"sent-{secrets.token_hex(16)}" / Path(path).name
        file.parent.mkdir(mode=0o700)
        with self._lock:
            try:
                os.replace(path, file)
            except FileNotFoundError:  # the same came twice at once, and its twin took both
                os.link(self._last[path], file)
            self._last = {path: str(file)}
            self._sent[str(file)] = visitor
        return str(file)

    def here(self, path: str) -> bool:
        """Whether a path is an upload of who asks, and not a file that the lab serves."""
        return self._sent.get(path) == self._who() and Path(path).is_file()

    def may_see(self, path: str, visitor: str) -> bool:
        """Whether a visitor may fetch a file: everything but the uploads of others."""
        path = os.path.normpath(f"/{path.lstrip('/')}")
        return self._sent.get(path, visitor) == visitor

    def drop(self, paths: Iterable[str]) -> None:
        """Delete uploads of who asks; any other path is left alone."""
        for path in paths:
            if self._sent.get(path) == self._who():
                del self._sent[path]
                _delete(Path(path))

    def drop_copies(self) -> None:
        """Delete the files that Gradio wrote itself, such as drawn pictures."""
        with self._lock:
            # What is just coming was not adopted yet: it is looked at again once it has come.
            self._stale = self._coming > 0
            spared = time.time() - ADOPTED_SECONDS if self._stale else math.inf
        for changed, _, file in _weighed(self._files()):
            if file.parent != self.root and str(file) not in self._sent and changed < spared:
                _delete(file)

    @contextmanager
    def room(self, coming: int) -> Iterator[None]:
        """Reserve room for an upload, deleting old files if needed; raises ``LabError``."""
        with self._lock:
            self._make_way(coming)
            self._coming += coming
        try:
            yield
        finally:
            with self._lock:
                self._coming -= coming
                again = self._stale and not self._coming
            if again:
                self.drop_copies()

    def _make_way(self, coming: int) -> None:
        files = sorted(_weighed(self._files()))
        total, count = sum(size for _, size, _ in files), sum(size > 0 for _, size, _ in files)
        now = time.time()
        for changed, size, file in files:
            fits = total + self._coming + coming <= QUOTA_BYTES and count < QUOTA_FILES
            young, kept = FRESH_SECONDS, KEPT_SECONDS
            if file.parent == self.root:
                young = kept = CUT_OFF_SECONDS
            if changed > now - (young if not fits else kept):
                continue
            self._sent.pop(str(file), None)
            _delete(file)
            total, count = total - size, count - (size > 0)
        if total + self._coming + coming > QUOTA_BYTES or count >= QUOTA_FILES:
            raise LabError(self._text.UPLOADS_FULL)

    def _files(self) -> list[Path]:
        """All files but the lab's own; listed whole, because they and their folders come and go."""
        found: list[Path] = []
        for here, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if not name.endswith(TEMPORARY)]
            found += [Path(here, name) for name in names]
        return found


def _weighed(files: Iterable[Path]) -> Iterator[tuple[float, int, Path]]:
    for file in files:
        try:
            stat = file.stat()
        except OSError:  # deleted meanwhile
            continue
        yield stat.st_mtime, stat.st_size, file


def _delete(file: Path) -> None:
    file.unlink(missing_ok=True)
    try:
        file.parent.rmdir()
    except OSError:  # others are in it
        pass
