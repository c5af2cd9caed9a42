"""Checks before anything is loaded, and how a program that cannot go on ends."""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from lab.errors import LabError
from lab.model.free_memory import lacks_memory, too_little

LOOPBACK = "127.0.0.1"
MOST_PORT = 65535
KERNELS = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256")  # it keeps 1,024, one for each new shape
ARENA_MAX = -8  # glibc's name for how many places its threads have memory in
FEW_THREADS = 64  # always allowed, so that a command can be moved between machines


@contextlib.contextmanager
def one_line() -> Iterator[None]:
    """End with one line on stderr: code 2 for a mistake or too little memory, 130 for Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        print("lab: stopped", file=sys.stderr)
        raise SystemExit(130) from None
    except Exception as error:
        if not isinstance(error, LabError) and not lacks_memory(error):
            raise
        print(f"lab: {too_little() if lacks_memory(error) else error}", file=sys.stderr)
        raise SystemExit(2) from None


def print_anything() -> None:
    """Let stdout and stderr write characters that their encoding lacks as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def one_arena() -> None:
    """Let all threads have memory from one place, where glibc would keep many; elsewhere do nothing.

    What a class needed once would stay in each of them, beyond the reach of ``lab.device.trim``.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(ARENA_MAX, 1)


def few_kernels() -> None:
    """Let oneDNN keep fewer of the kernels that it has built, unless the user says how many.

    It builds one for each new length of a text. It reads this when torch is imported, or later.
    """
    os.environ.setdefault(*KERNELS)


def port_number(word: str) -> int:
    """A TCP port; 0 lets the system choose. Raises ``LabError``."""
    return _whole("--port", word, MOST_PORT, "choose another port")


def thread_count(word: str) -> int:
    """A number of CPU threads; 0 is torch's choice. Raises ``LabError``."""
    cores = os.cpu_count() or 1
    return _whole("--threads", word, max(FEW_THREADS, 4 * cores), f"this machine has {cores} cores")


def origin(word: str) -> str:
    """A web origin: scheme, host and, where it is not the usual one, port. Raises ``LabError``."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(word)
        plain = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme in ("http", "https") and parts.hostname and word.rstrip("/") == plain:
            # It goes into a header, where these would begin something else.
            if not any(mark.isspace() or mark in ";,'\"" for mark in plain):
                return plain
    raise LabError(f"{word!r} is not an origin: write it as https://example.org, without a path")


def _whole(name: str, word: str, most: int, advice: str) -> int:
    try:
        value = int(word)
    except ValueError:
        value = -1
    if not 0 <= value <= most:
        raise LabError(f"{name} {word} is not a whole number from 0 to {most}: {advice}")
    return value


def free_port(host: str, port: int) -> int:
    """The port to serve on: ``port`` itself, or for 0 one that is free.

    Raises ``LabError`` where it is in use or this machine has no such address.
    """
    host = host.removeprefix("[").removesuffix("]")
    try:
        # Gradio refuses a port that is in use on the loopback address, whatever the host.
        for name in dict.fromkeys((host, LOOPBACK)):
            kind, _, _, _, address = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(kind) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind((address[0], port))
                port = trial.getsockname()[1]
    except (OSError, UnicodeError) as error:
        raise LabError(
            f"cannot serve on {host}:{port} ({getattr(error, 'strerror', error)}): stop "
            "what uses it, or give another --port or --host"
        ) from None
    return port


def only_this_machine(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return host == "localhost"
