"""The host names of the page: which ones it answers to, and which other pages may send to it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::", "")


class Hosts:
    """The names that the page answers to, so that no strange name can be bound to it."""

    def __init__(self, bound: str, allowed: Sequence[str]) -> None:
        self._everywhere = bound.strip("[]") in EVERYWHERE
        names = (
            (socket.gethostname(), socket.getfqdn()) if self._everywhere else (bound.strip("[]"),)
        )
        self._given = {name.casefold().strip("[]") for name in allowed}
        self._names = {*LOOPBACK, *(name.casefold() for name in names), *self._given}

    def welcome(self, host: str) -> bool:
        """Whether a ``Host`` header names this lab."""
        name = _name(f"//{host}")
        # Anybody can let a strange name lead here, but not an address.
        return "*" in self._given or name in self._names or (self._everywhere and _is_address(name))

    def same_site(self, origin: str, host: str) -> bool:
        """Whether a page of this ``Origin`` may send something here."""
        try:
            place = urlsplit(origin).netloc
        except ValueError:  # no address
            return False
        return (
            "*" in self._given
            or place.casefold() == host.casefold()
            or _name(origin) in self._given
        )


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
