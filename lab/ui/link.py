"""The link to a recipe: written for the clipboard, and read when the page is opened by one."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from lab.errors import LabError
from lab.recipe import Recipe, revise
from lab.report.translated import translated
from lab.serve.visit import Visit
from lab.ui.context import JS_ONLY, QUICK, QUIET, Frame, guarded, recall, warn
from lab.ui.steps import unlearn

# These are always in the link, so that it says what it does; others only when changed.
ALWAYS = ("steps", "seed")
LOADED = ("model", "benchmark")  # what the recipe was made for
# what the address may hold beside a recipe
OTHER_KEYS = ("entity", "board", "lesson", "lang", *LOADED)

COPY_JS = """
(query) => {
  const link = location.origin + location.pathname + '?' + query;
  const by_hand = MANUAL + link;
  if (!navigator.clipboard) return by_hand;
  return navigator.clipboard.writeText(link).then(() => COPIED, () => by_hand);
}
"""
# Once read, the recipe leaves the address: a reload must show what is picked now.
FORGET_QUERY_JS = """
() => {
  const url = new URL(location.href);
  for (const key of [...url.searchParams.keys()])
    if (!key.startsWith('__') && key !== 'board' && key !== 'lesson') url.searchParams.delete(key);
  history.replaceState(history.state, '', url);
}
"""


def wire(
    copy: gr.Button, query: gr.Textbox, frame: Frame, recipe: unlearn.Parts, demo: gr.Blocks
) -> None:
    """Join the button that copies the link, and read a link; ``recipe`` are step 3's fields."""
    engine, text = frame.engine, frame.text
    names, controls = list(recipe.fields), list(recipe.fields.values())

    def read_link(entity: str, history: dict[str, Any], request: gr.Request) -> list[Any]:
        person, settings, wrong = read(frame, dict(request.query_params), names)
        for words in wrong:
            warn(words)
        wanted = revise(unlearn.recipe_for(engine.preset, unlearn.DEFAULT_STRENGTH), settings)
        values = [getattr(wanted, n) if n in settings else gr.skip() for n in names]
        if not person:
            return [*[gr.skip()] * 4, *values]
        runs = recall(engine, history, person)
        if settings:
            runs[1] = kept(engine, revise(wanted, {"entity": person})) or runs[1]
        elif person == entity:
            return [*[gr.skip()] * 4, *values]
        return [person, *runs, *values]

    copy_js = COPY_JS.replace("MANUAL", json.dumps(text.LINK_MANUAL)).replace(
        "COPIED", json.dumps(text.LINK_COPIED)
    )
    copy.click(
        lambda entity, *values: link_query(engine, entity, dict(zip(names, values, strict=True))),
        [frame.entity, *controls],
        query,
        **QUICK,
    ).then(fn=None, inputs=query, outputs=frame.announce, js=copy_js, **JS_ONLY)
    demo.load(lambda: None, None, None, **QUICK).then(
        guarded(read_link),
        [frame.entity, frame.history],
        [frame.entity, *frame.slots, *controls],
        **QUIET,
    ).then(fn=None, js=FORGET_QUERY_JS, **JS_ONLY)


def read(
    frame: Frame, query: dict[str, str], names: list[str]
) -> tuple[str, dict[str, Any], list[str]]:
    """Return the person and the settings of a link that are valid, and what is wrong of the rest."""
    text, settings, wrong = frame.text, {}, []
    person, loaded = query.get("entity", ""), frame.engine.menu.loaded
    named = [query.get(key, getattr(loaded, key))[:80] for key in LOADED]
    if named != [loaded.model, loaded.benchmark]:
        wrong.append(
            text.LINK_OTHER.format(
                model=named[0],
                benchmark=named[1],
                loaded=loaded.model,
                loaded_benchmark=loaded.benchmark,
            )
        )
    if person and not frame.people.card(person):
        wrong.append(text.UNKNOWN_PERSON.format(person=person))
        person = ""
    for key, value in query.items():
        if key in names:
            try:
                settings[key] = getattr(revise(Recipe(), {key: value}), key)
            except LabError as error:
                wrong.append(text.LINK_WRONG.format(why=translated(str(error), text)))
        elif key not in OTHER_KEYS and not key.startswith("__"):
            wrong.append(text.LINK_UNKNOWN.format(key=key[:40]))
    return person, settings, wrong


def kept(engine: Visit, recipe: Recipe) -> str:
    """The id of the newest finished run of exactly this recipe; "" without one."""
    return next(
        (
            view.id
            for view in reversed(engine.runs())
            if view.kind == "unlearn"
            and not view.foreign
            and view.state == "finished"
            and view.recipe == recipe
        ),
        "",
    )


def link_query(engine: Visit, entity: str, values: dict[str, Any]) -> str:
    """Return the recipe as a URL query: model, benchmark, steps, seed, what differs from Standard."""
    loaded = engine.menu.loaded
    base = unlearn.recipe_for(engine.preset, unlearn.DEFAULT_STRENGTH)
    wanted = revise(base, values)
    named = {
        key: getattr(wanted, key)
        for key in values
        if key in ALWAYS or getattr(wanted, key) != getattr(base, key)
    }
    where = {key: getattr(loaded, key) for key in LOADED}
    return urlencode(({"entity": entity} if entity else {}) | named | where)
