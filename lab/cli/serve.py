"""mllm-lab serve: the page, with one engine behind it."""

from __future__ import annotations

import argparse
import gc
import os
from collections.abc import Callable
from typing import Any

from lab.cli.closed import (
    add_room,
    announce,
    bracketed,
    check_closed,
    days_of,
    is_closed,
    password_in,
)
from lab.cli.common import add_language, add_preset, preset_of
from lab.cli.engines import add_engine, check_engine, open_engine
from lab.cli.logs import FORMATS, log_format, teller
from lab.cli.space import check_hardware
from lab.cli.starting import (
    few_kernels,
    free_port,
    one_arena,
    only_this_machine,
    origin,
    port_number,
)
from lab.errors import LabError
from lab.recipe import Preset
from lab.report.log_to import has_package

HELP = "serve the page until it is stopped"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_preset(parser)
    add_language(parser, default=None)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to bind (default: this machine only)"
    )
    parser.add_argument("--port", type=port_number, default=7860, help="0: one that is free")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a further host name the server answers to; may be repeated",
    )
    parser.add_argument(
        "--allow-change",
        action=argparse.BooleanOptionalAction,
        help="whether visitors may change the model and the benchmark in the page (default: only "
        "where no other machine can reach it)",
    )
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="offer the endpoints for scripts as tools of an MCP server, too",
    )
    parser.add_argument(
        "--allow-frame",
        type=origin,
        action="append",
        default=[],
        metavar="ORIGIN",
        help="a site that may show the page in a frame, as https://example.org; may be repeated",
    )
    parser.add_argument(
        "--log-format",
        type=log_format,
        default=FORMATS[0],
        metavar="FORMAT",
        help="text for a person (default), or json: one object a line, also for every request",
    )
    add_room(parser)
    add_engine(parser)


def command(options: argparse.Namespace) -> None:
    """Serve the page; the model loads in the background and the page shows the progress."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    check_hardware()
    check_engine(options)
    if options.mcp and not has_package("mcp"):
        raise LabError(
            "--mcp needs the package mcp, which is not installed: pip install -e '.[mcp]'"
        )
    check_closed(options)
    options.password = password_in(options.password_file)
    options.port = free_port(options.host, options.port)
    _serve(options)


def may_change(options: argparse.Namespace) -> bool:
    """Whether visitors may change what is loaded: as allowed, else on this machine alone."""
    if options.allow_change is not None:
        return bool(options.allow_change)
    return only_this_machine(options.host) and not is_closed(options)


def alone(options: argparse.Namespace) -> bool:
    """Whether only who sits at this machine can reach the lab: no proxy brings others' questions."""
    return only_this_machine(options.host) and not options.allow_host and not is_closed(options)


def _serve(options: argparse.Namespace) -> None:
    """Load the libraries, start the engine and serve its page until it is stopped."""
    one_arena()
    few_kernels()
    say = teller(options.log_format)
    say("Starting (first start: about 2 minutes and one 93 MB download; later: under 20 s) …")
    preset = preset_of(options)
    gc.disable()  # until the model is open: all that is read until then stays, and looking takes time
    try:
        # the engine loads the model while the libraries of the page are read
        engine = open_engine(
            options,
            preset,
            say,
            _opened,
            fixed=not may_change(options),
            alone=alone(options),
        )
        from lab.ui.page import launch

        room = _room(engine, options, say) if is_closed(options) else None
        address = f"http://{bracketed(options.host)}:{options.port}"
        say(f"Open {address}")
        if options.mcp:
            say(f"MCP at {address}/gradio_api/mcp/")
        try:
            launch(
                engine,
                options.host,
                options.port,
                allow_hosts=tuple(options.allow_host),
                allow_frames=tuple(options.allow_frame),
                language=options.language and options.language.language,
                quiet=options.log_format == "json",
                mcp=options.mcp,
                room=room,
                days=days_of(options),
            )
        except OSError as error:  # somebody took the port in the meantime
            raise LabError(
                f"cannot serve on {options.host}:{options.port} ({error}): give another --port"
            ) from error
    finally:
        gc.enable()


def _room(engine: Any, options: argparse.Namespace, say: Callable[[str], None]) -> Any:
    """The room in the cache folder, with what is old forgotten now and from now on."""
    from lab.model.fetch import cache_folder
    from lab.serve.classroom.classroom import FILE, Classroom
    from lab.serve.classroom.forgetting import keep_forgetting

    room = Classroom(cache_folder() / FILE, engine, options.password)
    announce(options, "" if room.has_password else room.state.code, room.state.key, say)
    if days := days_of(options):
        keep_forgetting(room, engine, days, say)
    return room


def _opened(preset: Preset, report: Callable[[str], None], threads: int) -> Any:
    """The workbench; whether it opens or not, garbage is collected again from here on."""
    from lab.evaluation.session import open_workbench

    try:
        return open_workbench(preset, report, threads)
    finally:
        gc.enable()
