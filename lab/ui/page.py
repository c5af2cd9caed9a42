"""The page: header, five steps and the report, joined to one engine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import gradio as gr

from lab.report.text import catalogue
from lab.serve.engine import Engine
from lab.ui import api, header, instrument_asks
from lab.ui.context import JS_ONLY, Frame, announcer, make_memory
from lab.ui.door import doors
from lab.ui.follow import Tails
from lab.ui.gallery import People
from lab.ui.served import Uploads
from lab.ui.steps import (
    attack,
    compare,
    identity,
    inside,
    pick,
    probes,
    report,
    runs,
    studies,
    unlearn,
)
from lab.ui.theme import CSS, build_theme

# Uploads are checked again where they are read: pictures 8 MB, run files 256 MB together.
MAX_UPLOAD = "256mb"
# Limits are by visitor and in the engine, so that a queue that one visitor fills shuts nobody out.
MOST_THREADS = 256
CACHE_SECONDS = (3600, 86400)

# Both in the browser alone, because a round trip could throw a quick walker back. The step is put
# back once a page load: answering every change would let two quick selections chase each other
# for ever. Until then a selection is Gradio's own at start-up and must not be noted.
RESTORE_STEP_JS = """
(step) => {
  if (window.labStepRestored) return {__type__: 'update'};
  window.labStepRestored = true;
  return {selected: step, __type__: 'update'};
}
"""
NOTE_STEP_JS = "(step) => window.labStepRestored ? NUMBER : step"


def build(engine: Engine, uploads: Uploads | None = None, language: str = "en") -> gr.Blocks:
    """Build the page for an engine; nothing is computed until someone asks."""
    text = catalogue(language)
    # Before any part is created: each notes where Gradio's files are.
    uploads = uploads or Uploads(text)
    with gr.Blocks(title=text.TITLE, analytics_enabled=False, delete_cache=CACHE_SECONDS) as demo:
        # First, so that no private handler takes one of the public names.
        api.expose(engine, text)
        top = header.layout(engine, text)
        announce = announcer(text.HELLO)
        memory = make_memory()
        people = People(engine, uploads, text)
        with gr.Walkthrough(selected=1, elem_id="walk") as walk:
            frame = Frame(text, engine, people, Tails(engine), announce, walk, **memory)
            with gr.Step(text.STEPS[0], id=1) as first:
                picked = pick.layout(frame)
            with gr.Step(text.STEPS[1], id=2) as second:
                look = inside.layout(frame)
            with gr.Step(text.STEPS[2], id=3) as third:
                tune = unlearn.layout(frame)
            with gr.Step(text.STEPS[3], id=4) as fourth:
                chat = compare.layout(frame)
                fixed = probes.layout(text)
            with gr.Step(text.STEPS[4], id=5) as fifth:
                relearn = attack.layout(frame)
                depth = identity.layout(text)
            with gr.Step(text.STEPS[5], id=6) as sixth:
                take = report.layout(text)
                beside = runs.layout(text)
                questions = studies.layout(text)
        pick.wire(picked, frame, demo)
        inside.wire(look, frame, picked.look)
        instrument_asks.wire(look, frame)
        unlearn.wire(tune, frame, look)
        compare.wire(chat, frame, top.stop)
        probes.wire(fixed, frame, chat, tune.go)
        attack.wire(relearn, frame)
        identity.wire(depth, frame)
        runs.wire(beside, frame)
        studies.wire(questions, frame)
        report.wire(take, frame, top.download, relearn.go)
        header.wire(top, frame, tune, demo)
        _remember_step(frame, [first, second, third, fourth, fifth, sixth])
    return demo


def _remember_step(frame: Frame, steps: list[gr.Step]) -> None:
    for number, step in enumerate(steps, start=1):
        step.select(
            fn=None,
            js=NOTE_STEP_JS.replace("NUMBER", str(number)),
            inputs=frame.step,
            outputs=frame.step,
            **JS_ONLY,
        )
    frame.step.change(
        fn=None,
        js=RESTORE_STEP_JS,
        inputs=frame.step,
        outputs=frame.walk,
        trigger_mode="multiple",
        **JS_ONLY,
    )


def launch(
    engine: Engine,
    host: str = "127.0.0.1",
    port: int | None = 7860,
    allow_hosts: Sequence[str] = (),
    language: str = "en",
    **more: Any,
) -> gr.Blocks:
    """Build and serve the page, also as ``allow_hosts``; ``more`` goes to ``Blocks.launch``."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    text = catalogue(language)
    uploads = Uploads(text)
    demo = build(engine, uploads, language)
    demo.queue(api_open=False, max_size=None)
    middleware = doors(host, allow_hosts, uploads, api.ENDPOINTS, text)
    settings = launch_settings(host, port) | {"app_kwargs": {"middleware": middleware}}
    demo.launch(**settings | more)
    return demo


def launch_settings(host: str, port: int | None) -> dict[str, Any]:
    """Return the launch arguments: closed by default, no outside host, no history."""
    name = (
        f"[{host}]" if ":" in host and not host.startswith("[") else host
    )  # as Gradio writes IPv6
    return {
        "server_name": name,
        "server_port": port,
        "share": False,
        "max_file_size": MAX_UPLOAD,
        "strict_cors": True,
        "enable_monitoring": False,
        "run_history": False,
        "show_error": False,
        "footer_links": ["api", "settings"],
        "max_threads": MOST_THREADS,
        "state_session_capacity": 500,
        "ssr_mode": False,
        "theme": build_theme(),
        "css": CSS,
    }
