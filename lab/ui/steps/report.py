"""The report step: download everything of a run, load an earlier run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.files import making
from lab.report import markup
from lab.ui.context import CHANGE, QUICK, QUIET, Frame, guarded, open_step, remember
from lab.ui.runfiles import unpack


@dataclass(frozen=True)
class Parts:
    """The controls of this step that others use.

    ``run`` stands where ``prepare`` will be, as long as there is no run to prepare.
    """

    run: gr.Button
    prepare: gr.Button
    files: dict[str, gr.DownloadButton]
    shelf: gr.Row
    load: gr.UploadButton


def layout(frame: Frame) -> Parts:
    """Lay out the files of the run; the runs of this browser stand above, in ``mine``."""
    text = frame.text
    with gr.Row():
        run = gr.Button(text.RUN_IT, variant="primary", elem_id="run-own")
        prepare = gr.Button(text.PREPARE, variant="primary", visible=False, elem_id="prepare")
        load = gr.UploadButton(
            text.LOAD,
            file_count="multiple",
            type="filepath",
            elem_id="load-run",
            file_types=[".zip", ".yaml", ".json", ".jsonl", ".csv", ".safetensors", ".html"],
        )
    gr.HTML(markup.folded(text.LOAD_WHAT, markup.note(text.LOAD_INFO, "quiet"), "quiet"))
    with gr.Row(visible=False, elem_id="files", elem_classes="lab-grid") as shelf:
        files = {
            name: gr.DownloadButton(text.FILE_LABEL.format(name=name, note=note), size="md")
            for name, note in text.FILE_NOTES.items()
        }
    return Parts(run, prepare, files, shelf, load)


def wire(parts: Parts, frame: Frame, download: gr.Button, arrive: gr.Button) -> None:
    """Join the controls; ``download`` (header) and ``arrive`` (step 5) lead here too."""
    engine, staging, sent = frame.engine, frame.people.staging, frame.people.uploads
    text = frame.text

    def offer(run_id: str) -> list[Any]:
        there = frame.examples.own(run_id)
        return [gr.Row(visible=False), gr.Button(visible=not there), gr.Button(visible=there)]

    def prepare(run_id: str) -> list[Any]:
        if not frame.examples.own(run_id):
            raise LabError(text.NO_RUN)
        ready = staging.stage(
            run_id,
            text.language,
            engine.run(run_id).entity,
            lambda: engine.export(run_id, text),
        )
        buttons = [
            gr.DownloadButton(value=ready.get(name), visible=name in ready) for name in parts.files
        ]
        return [gr.Row(visible=True), *buttons, text.READY_FILES]

    def load(uploads: list[str], history: dict[str, Any]) -> list[Any]:
        if not all(map(sent.here, uploads)):
            raise LabError(text.UPLOAD_GONE)
        try:
            with making(sent.root, "load") as folder:
                unpack(uploads, folder, text)
                run_id = engine.load(folder)
        except OSError as error:
            raise LabError(text.NOT_LOADED.format(reason=error.strerror)) from None
        finally:
            sent.drop(uploads)
        entity = engine.run(run_id).entity
        card = frame.people.card(entity)
        history = remember(remember(history, entity, "unlearn", run_id), entity, "attack", "")
        words = text.LOADED.format(name=card.name if card else entity)
        return [entity, "", run_id, "", history, open_step(4), words]

    gr.on(
        [parts.prepare.click, download.click, arrive.click],
        guarded(prepare),
        frame.unlearn,
        [parts.shelf, *parts.files.values(), frame.announce],
        **QUIET,
    )
    gr.on(
        [download.click, arrive.click],
        lambda: open_step(6),
        None,
        frame.steps,
        **QUICK,
    )
    parts.load.upload(
        guarded(load),
        [parts.load, frame.history],
        [frame.entity, *frame.slots, frame.history, frame.steps, frame.announce],
        **QUIET,
    )
    frame.unlearn.change(offer, frame.unlearn, [parts.shelf, parts.run, parts.prepare], **CHANGE)
