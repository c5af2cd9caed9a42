"""The menu in the panel: which model, benchmark and quantisation are loaded, and which could be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import astuple, dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.recipe import QUANTIZATIONS
from lab.report import markup
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.menu import Choice, Need, Offer, Source
from lab.serve.views import ENDED, RunView
from lab.serve.visit import Visit
from lab.ui.context import CHANGE, QUIET, Frame, guarded, here, recall, warn
from lab.ui.follow import POLL_SECONDS


@dataclass(frozen=True)
class Parts:
    """The controls of the menu; ``agreed``: GB to download that the button's words name."""

    model: gr.Dropdown
    benchmark: gr.Dropdown
    quantization: gr.Dropdown
    needs: gr.HTML
    load: gr.Button
    agreed: gr.State

    @property
    def choice(self) -> list[gr.components.Component]:
        """The three lists, in the order of ``Choice``."""
        return [self.model, self.benchmark, self.quantization]


def layout(engine: Visit, text: Text) -> Parts:
    """Lay out the menu with what is loaded; the lists are filled when the panel is opened."""
    loaded, is_open = engine.menu.loaded, engine.menu.open
    gr.HTML(markup.heading(text.MENU))
    gr.HTML(markup.note(text.MENU_CLOSED), visible=not is_open)
    with gr.Column(visible=is_open, elem_id="menu"):
        model = _list([loaded.model], text.MENU_MODEL, "menu-model")
        benchmark = _list([loaded.benchmark], text.MENU_BENCHMARK, "menu-benchmark")
        quantization = _list(list(QUANTIZATIONS), text.MENU_QUANTIZATION, "menu-quantization")
        quantization.value = loaded.quantization
        needs = gr.HTML(markup.note(text.NEED_LOADED), elem_id="menu-needs")
        load = gr.Button(text.MENU_LOAD, size="sm", interactive=False, elem_id="menu-load")
    return Parts(model, benchmark, quantization, needs, load, gr.State(0.0))


def _list(choices: list[str], label: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown(choices, value=choices[0], label=label, interactive=True, elem_id=elem_id)


def wire(parts: Parts, more: gr.Button, frame: Frame) -> None:
    """Join the controls; ``more`` opens the panel."""
    engine, text = frame.engine, frame.text

    def fill() -> list[Any]:
        loaded = engine.menu.loaded
        models = [(offer_line(o, loaded, text), o.choice.model) for o in engine.menu.models()]
        sources = [(source_line(s, text), s.id) for s in engine.menu.benchmarks()]
        return [
            gr.Dropdown(choices=models, value=loaded.model),
            gr.Dropdown(choices=sources, value=loaded.benchmark),
            loaded.quantization,
            *weigh(*astuple(loaded)),
        ]

    def weigh(*words: str | None) -> list[Any]:
        choice, loaded = _choice(words), engine.menu.loaded
        need, same = engine.menu.need(choice), choice == loaded
        words_of = text.MENU_FETCH if need.download_gb else text.MENU_LOAD
        able = need.fits and not need.problem and not same
        button = gr.Button(value=words_of.format(gb=need.download_gb), interactive=able)
        return [
            markup.note(text.NEED_LOADED) if same else need_html(need, text),
            button,
            need.download_gb,
        ]

    def meant_for(model: str | None) -> list[Any]:
        """Go to the benchmark and the quantisation that a model is meant for."""
        offers = {o.choice.model: o.choice for o in engine.menu.models()}
        choice = offers.get(model or "")
        if choice is None:
            return [gr.skip()] * 5
        return [choice.benchmark, choice.quantization, *weigh(*astuple(choice))]

    weighed = [parts.needs, parts.load, parts.agreed]
    more.click(guarded(fill), None, [*parts.choice, *weighed], **QUIET)
    parts.model.input(
        guarded(meant_for), parts.model, [parts.benchmark, parts.quantization, *weighed], **QUIET
    )
    for control in (parts.benchmark, parts.quantization):
        control.input(guarded(weigh), parts.choice, weighed, **QUIET)
    frame.edition.select(guarded(fill), None, [*parts.choice, *weighed], **CHANGE)
    _wire_change(parts, frame)


def _wire_change(parts: Parts, frame: Frame) -> None:
    """Join the button that loads, and the person and runs that are shown once that is done."""
    engine, text = frame.engine, frame.text

    async def change_model(*given: Any) -> AsyncIterator[str]:
        *words, agreed = given
        choice = _choice(words)
        try:
            run_id = await asyncio.to_thread(engine.menu.change, choice, agreed)
        except LabError as error:
            warn(translated(str(error), text))
            return
        yield text.CHANGE_ASKED.format(model=choice.model, benchmark=choice.benchmark)
        while (view := engine.run(run_id)).state not in ENDED:
            await asyncio.sleep(POLL_SECONDS)
        yield ended(view, choice, text)

    parts.load.click(change_model, [*parts.choice, parts.agreed], frame.announce, **QUIET)
    frame.edition.select(
        lambda entity, history, *slots: moved(frame, entity, history, slots),
        [frame.entity, frame.history, *frame.slots],
        [frame.entity, *frame.slots],
        **CHANGE,
    )


def moved(frame: Frame, entity: str, history: dict[str, Any], slots: tuple[str, ...]) -> list[str]:
    """Who is chosen after another benchmark was loaded, and which runs of theirs are still here."""
    if frame.people.card(entity) and entity not in frame.people.moved:
        return [entity, *here(frame.engine, slots)]
    first = frame.examples.entity
    return [first, *recall(frame.engine, history, first)]


def ended(view: RunView, choice: Choice, text: Text) -> str:
    """Return one line about a change that has ended."""
    if view.state == "failed":
        return text.CHANGE_FAILED.format(error=translated(view.error, text))
    if view.state == "stopped":
        return str(text.CHANGE_STOPPED)
    return text.CHANGE_DONE.format(model=choice.model, benchmark=choice.benchmark)


def offer_line(offer: Offer, loaded: Choice, text: Text) -> str:
    """Return one line of the models: its name, its size, and whether it can be loaded."""
    need, choice = offer.need, offer.choice
    size = text.OFFER_SIZE.format(gb=need.memory_gb, quantization=choice.quantization)
    fetch = text.OFFER_FETCH.format(gb=need.download_gb)
    if choice.model == loaded.model:
        verdict = text.OFFER_LOADED
    elif need.problem:
        verdict = text.OFFER_BROKEN
    else:
        verdict = text.OFFER_FITS if need.fits else text.OFFER_TOO_LARGE
    needs = (size if need.memory_gb else "", fetch if need.download_gb else "", verdict)
    return text.OFFER.format(name=choice.model, needs=", ".join(filter(None, needs)))


def source_line(source: Source, text: Text) -> str:
    """Return one line of the benchmarks: its name, and whether it is on this machine."""
    fetch = text.OFFER_FETCH.format(gb=source.download_gb)
    here = text.OFFER_BROKEN if source.problem else text.SOURCE_HERE
    return text.OFFER.format(name=source.id, needs=fetch if source.download_gb else here)


def need_html(need: Need, text: Text) -> str:
    """Return what a choice needs and whether it can be loaded, a sentence a fact."""
    verdict = text.OFFER_FITS if need.fits else text.OFFER_TOO_LARGE
    memory = text.NEED_MEMORY if need.memory_gb else text.NEED_UNKNOWN
    said = [
        memory.format(needed=need.memory_gb, free=need.free_gb, device=need.device, verdict=verdict)
    ]
    if need.download_gb:
        said.append(text.NEED_DOWNLOAD.format(gb=need.download_gb))
    if need.problem:
        said.append(text.NEED_PROBLEM.format(problem=translated(need.problem, text)))
    return "".join(map(markup.note, said))


def _choice(words: Any) -> Choice:
    """The three words of the lists; an empty list gives ""."""
    model, benchmark, quantization = (str(word or "") for word in words)
    return Choice(model, benchmark, quantization)
