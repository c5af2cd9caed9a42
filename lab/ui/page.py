"""The page: the bar, six steps that can all be opened at any time, and the line of status."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.middleware import Middleware

from lab.model.fetch import cache_folder
from lab.report.text import Text, catalogue, languages
from lab.serve.classroom.classroom import Classroom
from lab.serve.engine import Engine
from lab.serve.tally import Tally
from lab.serve.visit import Visit
from lab.serve.watched import watched
from lab.ui import api, board, header, instrument_asks, lessons, link, linked
from lab.ui.aids.script import CSS as AIDS_CSS
from lab.ui.aids.script import with_aids
from lab.ui.classroom import notes
from lab.ui.classroom.gate import Gate
from lab.ui.classroom.teacher import Teacher
from lab.ui.context import JS_ONLY, PAGES, SLOTS, Frame, make_memory, signal
from lab.ui.door import doors
from lab.ui.examples import Examples
from lab.ui.first import first_view
from lab.ui.follow import Tails
from lab.ui.frames import Frames
from lab.ui.gallery import People
from lab.ui.health import Health
from lab.ui.idea import idea
from lab.ui.language import place
from lab.ui.requests import Requests
from lab.ui.script import arrived_js, page_js
from lab.ui.served import Uploads
from lab.ui.sessions import use_lean_sessions
from lab.ui.steps import (
    actions,
    advice,
    attack,
    challenges,
    compare,
    frontier,
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
from lab.ui.visitors import Visitors

# Uploads are checked again where they are read: pictures 8 MB, run files 256 MB together.
MAX_UPLOAD = "256mb"
# Limits are by visitor and in the engine, so that a queue that one visitor fills shuts nobody out.
MOST_THREADS, MOST_SESSIONS = 256, 500
CACHE_SECONDS = (3600, 86400)

# Gradio does not store an empty value: a run that was let go of would be back after a reload.
LET_GO_JS = "(run) => { if (!run) localStorage.removeItem('lab-SLOT'); }"


def build(
    engine: Engine,
    people: People | None = None,
    language: str = "en",
    room: Classroom | None = None,
) -> gr.Blocks:
    """Build the page for an engine; nothing is computed until someone asks.

    ``people``: shared by the pages of all languages, so that whoever is removed is gone from each.
    ``room``: whose notes and limits the page follows.
    """
    text = catalogue(language)
    visitors = Visitors(cache_folder())
    # Before any part is created: each notes where Gradio's files are.
    visit = Visit(engine, visitors.asking)
    people = people or People(visit, Uploads(text, visitors.asking), text)
    with gr.Blocks(title=text.TITLE, analytics_enabled=False, delete_cache=CACHE_SECONDS) as demo:
        PAGES[demo] = text
        # First, so that no private handler takes one of the public names.
        api.expose(visit, text)
        examples = Examples(visit, people)
        recorded = examples.first is not None
        memory = make_memory(examples.entity)
        top = header.layout(visit, people, examples.entity, recorded, text)
        told = notes.layout(room, text) if room else None
        locked = linked.component()
        with gr.Tabs(selected=1, overflow_behavior="wrap", elem_id="steps") as steps:
            tabs = [gr.Tab(name, id=n) for n, name in enumerate(text.STEPS, start=1)]
        foot = header.layout_foot(recorded, text)
        tails = Tails(visit, examples.stand_in)
        frame = Frame(
            text,
            visit,
            people,
            examples,
            tails,
            foot.announce,
            steps,
            foot.moment,
            signal(engine.menu.edition, "edition"),
            locked,
            top.lesson.pick,
            **memory,
        )
        _fill(frame, top, foot, tabs, demo, told)
    return demo


def _fill(
    frame: Frame,
    top: header.Parts,
    foot: header.Foot,
    tabs: list[gr.Tab],
    demo: gr.Blocks,
    told: notes.Parts | None,
) -> None:
    """Lay out the steps in their tabs, and join everything."""
    _let_go(frame)
    with tabs[0]:
        picked = pick.layout(frame)
    with tabs[1]:
        look = inside.layout(frame)
    with tabs[2]:
        tune = unlearn.layout(frame)
    with tabs[3]:
        chat = compare.layout(frame)
        advised = advice.layout(frame)
        fixed = probes.layout(frame)
    with tabs[4]:
        relearn = attack.layout(frame)
        depth = identity.layout(frame)
    with tabs[5]:
        idea(frame, 6)
        summed = summary.layout()
        known = mine.layout(frame.text)
        doing = actions.layout(frame.text)
        take = report.layout(frame)
        beside = runs.layout(frame.text)
        edge = frontier.layout(frame.text)
        ranked = challenges.layout(frame.text)
        questions = studies.layout(frame.text)
    pick.wire(picked, frame, demo)
    inside.wire(look, frame, picked.look, demo)
    instrument_asks.wire(look, frame)
    unlearn.wire(tune, frame, look, (top.run, take.run, relearn.run))
    compare.wire(chat, frame, foot.stop, tabs[3])
    advice.wire(advised, frame, tune.settings.fields, tabs[3])
    probes.wire(fixed, frame, chat, tune.go)
    attack.wire(relearn, frame)
    identity.wire(depth, frame)
    mine.wire(known, frame, tabs[5])
    actions.wire(doing, frame, known.runs, tune.settings.fields, relearn.fields)
    runs.wire(beside, frame)
    frontier.wire(edge, frame, tabs[5])
    challenges.wire(ranked, frame, tabs[5])
    studies.wire(questions, frame)
    report.wire(take, frame, top.download, relearn.go)
    header.wire(top, foot, frame, chat, told)
    link.wire(top.link, frame, tune.settings, relearn, demo)
    if told:
        notes.wire(told, frame, tune.settings, relearn, tabs)
    lessons.wire(top.lesson, frame, tune.settings, relearn, demo)
    summary.wire(summed, frame, tabs[5])
    for number, tab in enumerate(tabs, start=1):
        tab.select(fn=None, js=arrived_js(number), **JS_ONLY)


def _let_go(frame: Frame) -> None:
    """Let the browser forget a run that was let go of.

    Joined before all else that follows a change: a reload before the others are done then knows it.
    """
    for name, slot in zip(SLOTS, frame.slots, strict=True):
        js = LET_GO_JS.replace("SLOT", name)
        slot.change(fn=None, js=js, inputs=slot, trigger_mode="multiple", **JS_ONLY)


def launch(
    engine: Engine,
    host: str = "127.0.0.1",
    port: int | None = 7860,
    allow_hosts: Sequence[str] = (),
    allow_frames: Sequence[str] = (),
    language: str | None = None,
    room: Classroom | None = None,
    days: float = 0.0,
    mcp: bool = False,
    **more: Any,
) -> gr.Blocks:
    """Build and serve the pages, also as ``allow_hosts``; ``more`` goes to ``Blocks.launch``.

    ``language``: of the page that answers at ``/``; None for English, unless a browser wishes
    another that there is. Every other language's page stands at ``/CODE``. ``room``: lets in only who
    has entered it; ``days``: how long it keeps things, 0 for ever.
    ``allow_frames``: the origins whose pages may show the lab in a frame. ``mcp``: offer the public
    endpoints as tools of an MCP server, too.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    use_lean_sessions()
    tally = Tally()
    engine = watched(engine, tally)
    lab = language or "en"
    texts = [catalogue(code) for code in (lab, *(c for c in languages() if c != lab))]
    visitors = Visitors(cache_folder())
    # What all pages share speaks English, as the core does: a page translates it when it is shown.
    uploads = Uploads(catalogue(), visitors.asking)
    people = People(Visit(engine, visitors.asking), uploads, catalogue())
    pages = [
        build(engine, people, text.language, room).queue(api_open=False, max_size=None)
        for text in texts
    ]
    edition = engine.menu.edition
    views = {text.language: first_view(page, text) for page, text in zip(pages, texts, strict=True)}

    def first(code: str) -> str:
        """The first view, as long as the model that it is about is the one that is loaded."""
        return views[code] if engine.menu.edition == edition else ""

    beside = FastAPI(openapi_url=None)
    for page, text in zip(pages[1:], texts[1:], strict=True):
        page.max_threads, page.state_session_capacity = MOST_THREADS, MOST_SESSIONS
        there = place(text.language)
        gr.mount_gradio_app(beside, page, there, host, port or 0, **page_settings(text))
    fixed = language is not None
    gate = Gate(room, texts, days) if room else None
    entrance = doors(
        host, allow_hosts, uploads, api.ENDPOINTS, visitors, texts, first, fixed, mcp, gate
    )
    teacher = Teacher(room, engine, visitors, texts, days).routes() if room else []
    kwargs = {
        "middleware": [
            Middleware(Requests),
            Middleware(Frames, origins=allow_frames),
            *entrance,
            Middleware(Health, engine=engine, tally=tally),
        ],
        "routes": [
            *board.routes(engine, visitors, texts),
            *teacher,
            *beside.router.routes,
        ],
        "lifespan": beside.router.lifespan_context,
    }
    demo = pages[0]
    settings = launch_settings(host, port) | page_settings(texts[0]) | {"app_kwargs": kwargs}
    settings["mcp_server"] = mcp
    demo.launch(**settings | more)
    return demo


def page_settings(text: Text) -> dict[str, Any]:
    """Return what holds for each language's page: closed, no outside host, no history."""
    return {
        "max_file_size": MAX_UPLOAD,
        "enable_monitoring": False,
        "run_history": False,
        "show_error": False,
        "footer_links": ["api", "settings"],
        "ssr_mode": False,
        "theme": build_theme(),
        "css": CSS + AIDS_CSS + notes.CSS + linked.CSS,
        "js": with_aids(page_js(text), text),
    }


def launch_settings(host: str, port: int | None) -> dict[str, Any]:
    """Return the launch arguments that are of the server and not of one page."""
    name = (
        f"[{host}]" if ":" in host and not host.startswith("[") else host
    )  # as Gradio writes IPv6
    return {
        "server_name": name,
        "server_port": port,
        "share": False,
        "strict_cors": True,
        "max_threads": MOST_THREADS,
        "state_session_capacity": MOST_SESSIONS,
    }
