"""The flags of serve for a room or a closed lab: who may enter, and how long things are kept."""

from __future__ import annotations

import argparse
import contextlib
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from lab.cli.starting import only_this_machine
from lab.errors import LabError

DAYS, MOST_DAYS = 7, 3650
FEWEST_LETTERS = 8
EVERYWHERE = ("0.0.0.0", "::", "")


def add_room(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a room."""
    parser.add_argument(
        "--room",
        action="store_true",
        help="let visitors in by a code and a nickname, and print the code and a teacher's link",
    )
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="let visitors in by the password in a file that only its owner and group may read",
    )
    parser.add_argument(
        "--forget-after",
        type=_days,
        metavar="DAYS",
        help="delete what visitors of the room left after so many days (default: 7 with --room, "
        "never with --password-file alone)",
    )


def is_closed(options: argparse.Namespace) -> bool:
    """Whether only those who have a code or a password get in."""
    return bool(options.room or options.password_file)


def check_closed(options: argparse.Namespace) -> None:
    """Raise ``LabError`` where other machines could use the lab and nobody is asked for anything."""
    if not is_closed(options) and not only_this_machine(options.host):
        raise LabError(
            f"everybody who can reach --host {options.host} could use this lab: give --room, which "
            "prints a code for a class, or --password-file FILE"
        )
    if options.forget_after and not is_closed(options):
        raise LabError("--forget-after is about a room: give --room too")


def password_in(file: Path | None) -> str:
    """The password in the first line of a file; "" without a file. Raises ``LabError``."""
    if file is None:
        return ""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o007:
            raise LabError(
                f"everybody on this machine can use {file}: take that away with chmod o= {file}"
            )
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise LabError(f"cannot read --password-file {file} ({reason}): give another") from None
    password = lines[0].strip() if lines else ""
    if len(password) < FEWEST_LETTERS:
        raise LabError(
            f"the password in {file} has fewer than {FEWEST_LETTERS} characters: write a longer one"
        )
    return password


def days_of(options: argparse.Namespace) -> int:
    """After how many days things are deleted; 0 for never."""
    return int(options.forget_after or (DAYS if options.room else 0))


def announce(options: argparse.Namespace, code: str, key: str, say: Callable[[str], None]) -> None:
    """Print how visitors and the teacher get in; ``code``: "" where a password takes its place."""
    base = f"http://{reachable(options.host)}:{options.port}"
    say(f"Visitors open {base}" + (f" and give the code {code}" if code else ""))
    say(f"The teacher opens {base}/teacher#{key} (keep this link to yourself)")
    if days := days_of(options):
        say(f"What visitors leave is deleted after {days} days")


def bracketed(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def reachable(host: str) -> str:
    """A name under which others reach a host; of every address, one that this machine has."""
    if host.strip("[]") not in EVERYWHERE:
        return bracketed(host)
    with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent: it only asks for the way out
        return str(probe.getsockname()[0])
    return socket.gethostname()


def _days(word: str) -> int:
    try:
        days = int(word)
    except ValueError:
        days = 0
    if not 1 <= days <= MOST_DAYS:
        raise LabError(f"--forget-after {word} is not a whole number from 1 to {MOST_DAYS}: days")
    return days
