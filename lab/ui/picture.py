"""The picture that is asked about, and what changes it: another person, next view, upload, remove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.ui.context import CHANGE, QUICK, QUIET, Frame, guarded
from lab.ui.gallery import read_picture


@dataclass(frozen=True)
class Parts:
    """The picture, which of the person's views it is, and its buttons."""

    picture: gr.Image
    view: gr.State
    next_view: gr.Button
    upload: gr.UploadButton
    remove: gr.Button


def layout(frame: Frame) -> Parts:
    """Lay out the picture; the example's stands there at first."""
    text, example, people = frame.text, frame.examples.first, frame.people
    picture = gr.Image(
        people.picture(example.unlearn.entity, example.view) if example else None,
        label=text.PICTURE,
        interactive=False,
        type="filepath",
        image_mode=None,
        height=220,
        buttons=[],
        placeholder=text.NO_PICTURE,
        alt_text=text.PICTURE,
        elem_id="picture",
    )
    next_view = gr.Button(text.NEXT_VIEW, size="sm")
    upload = gr.UploadButton(
        text.UPLOAD,
        size="sm",
        type="filepath",
        elem_id="upload-picture",
        file_types=[".jpg", ".jpeg", ".png", ".webp"],
    )
    remove = gr.Button(text.REMOVE, size="sm")
    view = gr.State(people.held_out(frame.examples.entity) if example else 0)
    return Parts(picture, view, next_view, upload, remove)


def wire(parts: Parts, frame: Frame) -> None:
    """Join the controls: whoever is chosen is shown by a held-out view."""
    people, text = frame.people, frame.text

    def preload(entity: str) -> tuple[Any, ...]:
        if not people.card(entity):
            return None, 0
        view = people.held_out(entity)
        return people.picture(entity, view), view

    def another(entity: str, view: int) -> tuple[Any, ...]:
        if not people.card(entity):
            raise LabError(text.PICK_FIRST)
        return people.picture(entity, view + 1), view + 1

    def upload(path: str) -> str:
        read_picture(path, text)
        return path

    frame.entity.change(preload, frame.entity, [parts.picture, parts.view], **CHANGE)
    parts.next_view.click(
        guarded(another), [frame.entity, parts.view], [parts.picture, parts.view], **QUIET
    )
    parts.upload.upload(guarded(upload), parts.upload, parts.picture, **QUIET)
    parts.remove.click(lambda: None, None, parts.picture, **QUICK)
