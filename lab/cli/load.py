"""python -m lab load: a class of visitors by HTTP against a served lab."""

from __future__ import annotations

import argparse
import contextlib
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from lab.cli.common import Checked, add_model, say
from lab.cli.engines import add_engine, check_engine
from lab.cli.starting import LOOPBACK, free_port, only_this_machine
from lab.errors import LabError

HELP = "put a served lab under the load of a class, and measure waiting, fairness and memory"
# What is loaded, and who does the work, is passed on to the server, under the same names.
PASSED_ON = (
    "preset",
    "model",
    "tower",
    "projector",
    "quantization",
    "benchmark",
    "data",
    "threads",
    "engine",
    "replicas",
    "address",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    add_engine(parser)
    parser.add_argument("--users", type=int, default=30, help="how many visitors (default 30)")
    parser.add_argument(
        "--steps", type=int, default=4, help="the steps of each run and each attack (default 4)"
    )
    parser.add_argument(
        "--kill", action="store_true", help="kill the server in the middle and start it again"
    )
    parser.add_argument(
        "--url",
        help="a lab that runs already, as http://127.0.0.1:7860, with whatever it has loaded "
        "(default: a server is started on this machine and ended afterwards)",
    )
    parser.add_argument("--code", default="", help="with --url: the code of a room")


def command(options: argparse.Namespace) -> Checked:
    """Measure, and return the figures as a table or as plain values."""
    from lab.bench.load.crowd import Wish, load
    from lab.bench.load.figures import as_json, shown
    from lab.bench.load.house import House, Own, apart

    check_engine(options)
    if options.code and not options.url:
        raise LabError("--code is of a lab that runs already: give its --url, too")
    wish = Wish(options.users, options.steps, options.code, options.kill)
    with (
        tempfile.TemporaryDirectory(prefix="lab-load-", ignore_cleanup_errors=True) as folder,
        ended_like_ctrl_c(),
    ):
        if options.url:
            house = House(address(options.url))
        else:
            own = Own(serve_flags(options), apart(Path(folder)))
            house = House(f"http://{LOOPBACK}:{free_port(LOOPBACK, 0)}", own)
        found = load(house, wish, say)
    holds = False not in found.holds.values()
    return Checked(as_json(found) if options.json else shown(found), holds)


@contextlib.contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """Let a plain kill end the test as Ctrl-C does, so that its server is ended with it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def address(url: str) -> str:
    """The address of a lab, without a slash at its end; another machine's is said on stderr."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise LabError(f"--url {url}: write it as http://127.0.0.1:7860")
    if not only_this_machine(parts.hostname):
        say(f"this puts load on another machine, {parts.hostname}, and leaves the runs there")
    return url.rstrip("/")


def serve_flags(options: argparse.Namespace) -> tuple[str, ...]:
    """The flags of ``serve`` that load the same as these options name, with the same engine."""
    given = {f"--{name}": getattr(options, name) for name in PASSED_ON}
    flags = [word for name, value in given.items() if value for word in (name, str(value))]
    return (*flags, *(["--allow-partial"] if options.allow_partial else []))
