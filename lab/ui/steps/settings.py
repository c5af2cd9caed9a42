"""The settings of step 3: how strongly, by which method, and what a method lets one set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from lab.catalogue import EVERY_METHOD, METHOD_ROWS, VISUAL_METHODS
from lab.recipe import DEFAULT_STRENGTH, STRENGTHS, Preset, Recipe, at_strength, revise
from lab.report import markup
from lab.report.text import Text
from lab.ui import locks
from lab.ui.context import FIELD_GROUPS, QUICK, Frame, follow_defaults, recipe_controls


@dataclass(frozen=True)
class Parts:
    """The controls of the settings; ``fields``: one a setting of the recipe, in its order of names."""

    strength: gr.Radio
    fields: dict[str, gr.components.Component]
    groups: dict[str, gr.Column]
    about: gr.HTML


def layout(frame: Frame) -> Parts:
    """Lay out strength and method, and all other settings folded away."""
    text, base = frame.text, recipe_for(frame.engine.preset, DEFAULT_STRENGTH)
    strength = gr.Radio(
        [(text.STRENGTH_NAMES[s], s) for s in STRENGTHS],
        value=DEFAULT_STRENGTH,
        label=text.STRENGTH,
    )
    method = recipe_controls(base, text, only=("method",))
    about = gr.HTML(about_method(base.method, text), elem_id="about-method")
    with gr.Accordion(text.ADVANCED, open=False, elem_id="settings"):
        controls, groups = _grouped(base, text)
    return Parts(strength, method | controls, groups, about)


def used_by(method: str, name: str) -> bool:
    """Whether a method uses a setting of the recipe."""
    return name in EVERY_METHOD or name in METHOD_ROWS[method].settings


def _grouped(
    base: Recipe, text: Text
) -> tuple[dict[str, gr.components.Component], dict[str, gr.Group]]:
    """All settings in their groups; only those that the method uses can be seen."""
    controls: dict[str, gr.components.Component] = {}
    groups: dict[str, gr.Column] = {}
    for group, names in FIELD_GROUPS.items():
        shown = any(used_by(base.method, name) for name in names)
        with gr.Column(visible=shown, elem_classes="lab-group") as groups[group]:
            gr.HTML(markup.heading(text.FIELD_GROUPS[group]))
            with gr.Row(elem_classes="lab-grid"):
                controls |= recipe_controls(
                    base, text, only=names, used=lambda name: used_by(base.method, name)
                )
    return controls, groups


def about_method(method: str, text: Text) -> str:
    """Return what a method does, what is our choice, and whether it changes the language model."""
    may_change = "" if method in VISUAL_METHODS else " " + text.MAY_CHANGE_TEXT
    words = markup.note(text.METHODS[method] + may_change, "quiet")
    return markup.folded(text.ABOUT_METHOD, words, "quiet")


def recipe_for(preset: Preset, strength: str) -> Recipe:
    """Return the preset's recipe at a strength."""
    return revise(preset.recipe, at_strength(preset.recipe, strength))


def wire(parts: Parts, frame: Frame) -> None:
    """Let a strength fill the settings, and a method show those that it uses."""
    names = list(parts.fields)

    def choose(strength: str, *held: Any) -> list[Any]:
        recipe = asdict(recipe_for(frame.engine.preset, strength))
        # how strongly, not by what method
        return locks.free(frame, recipe, {"method", *locks.of_tab(*held)}, names)

    def settle(method: str) -> list[Any]:
        shown = [gr.update(visible=used_by(method, n)) for n in names if n != "method"]
        groups = [
            gr.Column(visible=any(used_by(method, n) for n in FIELD_GROUPS[g]))
            for g in parts.groups
        ]
        return [about_method(method, frame.text), *shown, *groups]

    others = [control for name, control in parts.fields.items() if name != "method"]
    method = parts.fields["method"]
    method.change(settle, method, [parts.about, *others, *parts.groups.values()], **QUICK)
    follow_defaults(frame, parts.fields, recipe_for, [parts.strength])
    strength = [parts.strength, *locks.inputs(frame)]
    parts.strength.input(choose, strength, [*parts.fields.values()], **QUICK)
