"""The page: the bar, six steps that can all be opened at any time, and the line of status."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import gradio as gr

from lab.report.text import catalogue
from lab.serve.engine import Engine
from lab.ui import api, header, instrument_asks, lessons
from lab.ui.aids.script import CSS as AIDS_CSS
from lab.ui.aids.script import with_aids
from lab.ui.context import JS_ONLY, SLOTS, Frame, make_memory, signal
from lab.ui.door import doors
from lab.ui.examples import Examples
from lab.ui.first import first_view
from lab.ui.follow import Tails
from lab.ui.gallery import People
from lab.ui.idea import idea
from lab.ui.script import arrived_js, page_js
from lab.ui.served import Uploads
from lab.ui.steps import (
    attack,
    compare,
    identity,
    inside,
    mine,
    pick,
    probes,
    report,
    runs,
    studies,
    summary,
    unlearn,
)
from lab.ui.style import CSS
from lab.ui.theme import build_theme

# Uploads are checked again where they are read: pictures 8 MB, run files 256 MB together.
MAX_UPLOAD = "256mb"
# Limits are by visitor and in the engine, so that a queue that one visitor fills shuts nobody out.
MOST_THREADS = 256
CACHE_SECONDS = (3600, 86400)

# Gradio does not store an empty value: a run that was let go of would be back after a reload.
LET_GO_JS = "(run) => { if (!run) localStorage.removeItem('lab-SLOT'); }"


def build(engine: Engine, uploads: Uploads | None = None, language: str = "en") -> gr.Blocks:
    """Build the page for an engine; nothing is computed until someone asks."""
    text = catalogue(language)
    # Before any part is created: each notes where Gradio's files are.
    uploads = uploads or Uploads(text)
    with gr.Blocks(title=text.TITLE, analytics_enabled=False, delete_cache=CACHE_SECONDS) as demo:
        # First, so that no private handler takes one of the public names.
        api.expose(engine, text)
        people = People(engine, uploads, text)
        examples = Examples(engine, people)
        recorded = examples.first is not None
        memory = make_memory(examples.entity)
        top = header.layout(engine, people, examples.entity, recorded, text)
        with gr.Tabs(selected=1, overflow_behavior="wrap", elem_id="steps") as steps:
            tabs = [gr.Tab(name, id=n) for n, name in enumerate(text.STEPS, start=1)]
        foot = header.layout_foot(recorded, text)
        tails = Tails(engine, examples.stand_in)
        frame = Frame(
            text,
            engine,
            people,
            examples,
            tails,
            foot.announce,
            steps,
            foot.moment,
            signal(engine.menu.edition, "edition"),
            **memory,
        )
        _fill(frame, top, foot, tabs, demo)
    return demo


def _fill(
    frame: Frame, top: header.Parts, foot: header.Foot, tabs: list[gr.Tab], demo: gr.Blocks
) -> None:
    """Lay out the steps in their tabs, and join everything."""
    with tabs[0]:
        picked = pick.layout(frame)
    with tabs[1]:
        look = inside.layout(frame)
    with tabs[2]:
        tune = unlearn.layout(frame)
    with tabs[3]:
        chat = compare.layout(frame)
        fixed = probes.layout(frame)
    with tabs[4]:
        relearn = attack.layout(frame)
        depth = identity.layout(frame)
    with tabs[5]:
        idea(frame, 6)
        summed = summary.layout()
        known = mine.layout(frame.text)
        take = report.layout(frame)
        beside = runs.layout(frame.text)
        questions = studies.layout(frame.text)
    pick.wire(picked, frame, demo)
    inside.wire(look, frame, picked.look, demo)
    instrument_asks.wire(look, frame)
    unlearn.wire(tune, frame, look, top.run)
    compare.wire(chat, frame, foot.stop, tabs[3])
    probes.wire(fixed, frame, chat, tune.go)
    attack.wire(relearn, frame)
    identity.wire(depth, frame)
    mine.wire(known, frame, tabs[5])
    runs.wire(beside, frame)
    studies.wire(questions, frame)
    report.wire(take, frame, top.download, relearn.go)
    header.wire(top, foot, frame, tune, chat, demo)
    lessons.wire(top.lesson, frame, tune, relearn, demo)
    summary.wire(summed, frame, tabs[5], top.lesson.kept)
    for number, tab in enumerate(tabs, start=1):
        tab.select(fn=None, js=arrived_js(number), **JS_ONLY)
    for name, slot in zip(SLOTS, frame.slots, strict=True):
        js = LET_GO_JS.replace("SLOT", name)
        slot.change(fn=None, js=js, inputs=slot, trigger_mode="multiple", **JS_ONLY)


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
    edition, view = engine.menu.edition, first_view(demo, text)

    def first() -> str:
        """The first view, as long as the model that it is about is the one that is loaded."""
        return view if engine.menu.edition == edition else ""

    middleware = doors(host, allow_hosts, uploads, api.ENDPOINTS, text, first)
    settings = launch_settings(host, port) | {"app_kwargs": {"middleware": middleware}}
    settings["js"] = with_aids(page_js(text), text)
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
        "css": CSS + AIDS_CSS,
    }
