"""Who asks: every browser is one visitor, known by a signed cookie, without any account."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterator
from hashlib import sha256
from http.cookies import SimpleCookie
from pathlib import Path

from gradio.context import LocalContext

from lab.errors import LabError

KEY = "visitors.key"
KEY_BYTES, ID_BYTES = 32, 16
AGE_SECONDS = 400 * 86_400  # as long as browsers keep a cookie; each visit renews it
NOBODY = "nobody"  # the page while it is built, before anybody asks


def cookies(header: str, name: str) -> Iterator[str]:
    """The values of a cookie in a ``Cookie`` header.

    By hand: ``SimpleCookie`` refuses a header in which another program's cookie has an odd name.
    """
    for part in header.split(";"):
        found, _, value = part.strip().partition("=")
        if found == name:
            yield value


class Visitors:
    """Makes and reads the cookies. ``folder``: where the secret is kept that signs them.

    The secret is made once, so that a visitor stays the same after a restart. The cookie's name is
    of the secret: two labs on one machine, which a browser cannot tell apart, do not replace each
    other's.
    """

    def __init__(self, folder: Path) -> None:
        self._secret = _secret(folder / KEY)
        self.cookie = f"lab-visitor-{sha256(self._secret).hexdigest()[:8]}"

    def new(self) -> str:
        """The value of a cookie for somebody who has none yet."""
        visitor = secrets.token_hex(ID_BYTES)
        return f"{visitor}.{self._signature(visitor)}"

    def named(self, name: str) -> str:
        """The value of the cookie of a visitor who is known by a name that the lab gives."""
        visitor = hmac.new(self._secret, name.encode(), sha256).hexdigest()[: 2 * ID_BYTES]
        return f"{visitor}.{self._signature(visitor)}"

    def read(self, value: str) -> str:
        """The visitor of a cookie's value; "" where this lab has not made it."""
        visitor, _, signature = value.partition(".")
        right = hmac.compare_digest(signature.encode(), self._signature(visitor).encode())
        return visitor if visitor and right else ""

    def sent(self, header: str) -> str:
        """The value of this lab's cookie in a ``Cookie`` header, if it is a right one; else ""."""
        return next(filter(self.read, cookies(header, self.cookie)), "")

    def of(self, header: str) -> str:
        """The visitor of a ``Cookie`` header; "" without this lab's cookie."""
        return self.read(self.sent(header))

    def asking(self) -> str:
        """The visitor whose question a handler of the page answers now."""
        request = LocalContext.request.get(None)
        if request is None:
            return NOBODY
        return self.of(dict(request.headers).get("cookie", "")) or NOBODY

    def said(self, value: str, secure: bool) -> str:
        """The ``Set-Cookie`` header that gives a browser its cookie."""
        jar: SimpleCookie = SimpleCookie()
        jar[self.cookie] = value
        jar[self.cookie].update({"path": "/", "max-age": str(AGE_SECONDS), "samesite": "lax"})
        jar[self.cookie]["httponly"] = True
        if secure:
            jar[self.cookie]["secure"] = True
        return jar[self.cookie].OutputString()

    def _signature(self, visitor: str) -> str:
        return hmac.new(self._secret, visitor.encode(), sha256).hexdigest()


def _secret(file: Path) -> bytes:
    """The secret in a file that nobody else may read; made if there is none. Raises ``LabError``."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        if not file.exists():
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(secrets.token_hex(KEY_BYTES))
            try:
                os.link(new, file)  # whole, and not over one that another process has just made
            except FileExistsError:
                pass
            finally:
                new.unlink()
        file.chmod(0o600)
        secret = bytes.fromhex(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LabError(f"cannot use {file} ({error}): delete it, and it is made anew") from None
    if len(secret) != KEY_BYTES:
        raise LabError(f"{file} does not hold a whole secret: delete it, and it is made anew")
    return secret
