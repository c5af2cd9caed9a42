"""The code of a room, the key of its teacher, and what slows down whoever guesses them."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable
from hashlib import scrypt, sha256

LETTERS = "ABCDEFGHJKMNPRSTUVWXYZ"  # none that looks like another letter or a digit: no I, L, O, Q
CODE_LETTERS = 6  # 22 ** 6, about 113 million
KEY_BYTES = 16  # 128 bits
MOST_ADDRESSES = 1024  # remembered; the one that tried longest ago goes first


def new_code() -> str:
    """A code for a room, which a class can read from the board."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LETTERS))


def new_key() -> str:
    """A key for a teacher's link."""
    return secrets.token_urlsafe(KEY_BYTES)


def tidy(code: str) -> str:
    """A code as it is compared: capitals, and nothing but letters."""
    return "".join(letter for letter in code.upper() if letter.isalpha())


def same(given: str, right: str) -> bool:
    """Whether two secrets are equal; it takes the same time wherever they differ."""
    return hmac.compare_digest(*(sha256(word.encode()).digest() for word in (given, right)))


def fingerprint(secret: str, salt: str) -> str:
    """What is kept of a secret, to see that it has changed; guessing it back is slow."""
    return scrypt(secret.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()


class Slowdown:
    """Lets so many wrong tries through, and then one in so many seconds.

    An address (of IPv6, its network of 64 bits) has ``each`` tries and gets one back in
    ``each_seconds``; all together have ``all_of`` and get one back in ``all_seconds``. A class is
    often behind one address, so an address has several (our choice). A right try costs nothing.
    """

    def __init__(
        self,
        each: int = 20,
        each_seconds: float = 6.0,
        all_of: int = 100,
        all_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._each, self._each_seconds, self._clock = each, each_seconds, clock
        self._all_of, self._all_seconds = all_of, all_seconds
        self._wrong: dict[str, tuple[float, float]] = {}  # tries that count, and when
        self._all: tuple[float, float] = (0.0, clock())
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._wrong)

    def begin(self, address: str) -> float:
        """Count a try before it is looked at; returns the seconds to wait, and then counts none."""
        name = _network(address)
        with self._lock:
            now = self._clock()
            mine = _faded(self._wrong.get(name, (0.0, now)), now, self._each_seconds)
            everybody = _faded(self._all, now, self._all_seconds)
            wait = max(
                (mine + 1 - self._each) * self._each_seconds,
                (everybody + 1 - self._all_of) * self._all_seconds,
            )
            if wait > 0:
                return wait
            self._count(name, mine + 1, everybody + 1, now)
            return 0.0

    def right(self, address: str) -> None:
        """Count the try no longer: it was right."""
        name = _network(address)
        with self._lock:
            now = self._clock()
            mine = _faded(self._wrong.get(name, (0.0, now)), now, self._each_seconds)
            everybody = _faded(self._all, now, self._all_seconds)
            self._count(name, max(0.0, mine - 1), max(0.0, everybody - 1), now)

    def _count(self, name: str, mine: float, everybody: float, now: float) -> None:
        self._all = (everybody, now)
        self._wrong.pop(name, None)
        if mine:
            self._wrong[name] = (mine, now)
        while len(self._wrong) > MOST_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]


def _faded(counted: tuple[float, float], now: float, seconds: float) -> float:
    """How many tries still count."""
    tries, when = counted
    return max(0.0, tries - (now - when) / seconds)


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((int(found), 64), strict=False))
