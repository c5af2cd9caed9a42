"""What a served lab prints: lines for a person, or one JSON object a line for a machine."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from lab.errors import LabError

FORMATS = ("text", "json")
OURS = "lab"
FIELDS = ("request_id", "method", "path", "status", "seconds", "outcome", "sides", "text")
FRAME = '  File "'


def log_format(word: str) -> str:
    """One of ``FORMATS``; raises ``LabError``."""
    if word not in FORMATS:
        raise LabError(f"unknown log format {word!r}: valid are {', '.join(FORMATS)}")
    return word


def teller(kind: str) -> Callable[[str], None]:
    """Set the format up, and return what prints a line about the progress of the lab."""
    if kind == "json":
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JsonLines())
        logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
        logging.getLogger(OURS).setLevel(logging.INFO)
        logging.captureWarnings(True)
        return lambda text: logging.getLogger(OURS).info("message", extra={"text": careful(text)})
    started = time.perf_counter()
    return lambda text: print(f"[{time.perf_counter() - started:5.1f} s] {text}", flush=True)


class JsonLines(logging.Formatter):
    """One JSON object a record, without a visitor's words.

    The lab's own records have the fields of ``FIELDS``. Of another library's, only its template is
    printed, because what is filled in may be anything, and of an error its type and where it came.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The object on one line."""
        about: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg),
        }
        about |= {name: vars(record)[name] for name in FIELDS if name in vars(record)}
        if record.exc_info and record.exc_info[1]:
            about["error"] = careful("".join(traceback.format_exception(record.exc_info[1])))
        return json.dumps(about)


def careful(text: str) -> str:
    """A traceback with its places and the type of its error, without the message; else the text."""
    lines = text.rstrip().splitlines()
    if not any(line.startswith("Traceback (") for line in lines):
        return text
    places = [line.strip() for line in lines if line.startswith(FRAME)]
    ends = [k for k, line in enumerate(lines) if line.startswith(FRAME)]
    last = next((ln for ln in lines[ends[-1] + 1 :] if ln and ln[0] != " "), "") if ends else ""
    return "\n".join([*places, last.partition(":")[0]])
