"""The link to a recipe: written for the clipboard, and read when the page is opened by one."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from lab.errors import LabError
from lab.recipe import DEFAULT_STRENGTH, Recipe, revise
from lab.recipe.settings import NAMES, OF_ATTACK, apart, flat, typed
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.views import RunView
from lab.serve.visit import Visit
from lab.ui.context import JS_ONLY, QUICK, QUIET, Frame, guarded, recall, warn
from lab.ui.follow import look_up
from lab.ui.linked import PERSON, lock_name, locked_value
from lab.ui.steps import attack
from lab.ui.steps.mine import opened
from lab.ui.steps.settings import Parts as Settings
from lab.ui.steps.settings import recipe_for

# These are always in the link, so that it says what it does; others only when changed.
ALWAYS = ("steps", "seed")
LOADED = ("model", "benchmark")  # what the recipe was made for
OLDER = "entity"  # how earlier links name the person
EMBED = "embed"
# what the address may hold beside a recipe
OTHER_KEYS = (PERSON, OLDER, "run", "step", "lock", "lang", EMBED, "board", "lesson", *LOADED)
STEPS = ("1", "2", "3", "4", "5", "6")
LONGEST, MOST_SAID = 80, 3  # letters of a value, and mistakes that are named

# Which step is open only the browser knows.
COPY_JS = """
(query) => {
  if (!query) return '';  // a setting was refused
  const step = (location.hash.match(/^#step-([1-6])$/) || [])[1];
  const link = location.origin + location.pathname + '?' + query + (step ? `&step=${step}` : '');
  // Over plain http there is no clipboard but this older way.
  const older = () => {
    const had = document.activeElement;
    const area = document.body.appendChild(document.createElement('textarea'));
    area.value = link;
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    had?.focus({ preventScroll: true });
    return done ? COPIED : MANUAL + link;
  };
  if (!navigator.clipboard) return older();
  return navigator.clipboard.writeText(link).then(() => COPIED, older);
}
"""
# Once read, the recipe leaves the address: a reload must show what is picked now. A link that locks
# something, or that is a slide, shows the same each time.
FORGET_QUERY_JS = """
() => {
  const url = new URL(location.href), held = ['lock', 'embed'];
  if (held.some((key) => url.searchParams.has(key))) return;
  for (const key of [...url.searchParams.keys()])
    if (!key.startsWith('__') && key !== 'board' && key !== 'lesson') url.searchParams.delete(key);
  history.replaceState(history.state, '', url);
}
"""


@dataclass(frozen=True)
class Parts:
    """The button, what the link shall lock, whether it is for a slide, and the link's query."""

    copy: gr.Button
    lock: gr.Dropdown
    embed: gr.Checkbox
    query: gr.Textbox


@dataclass(frozen=True)
class Link:
    """What is valid in a link, and what is ``wrong``, a sentence each.

    ``person``, ``run``: ids, "" for none. ``settings``: of the recipe, and of the attack as
    ``attack.KEY``. ``locked``: keys of them and ``PERSON``.
    """

    person: str
    run: str
    settings: dict[str, Any]
    locked: tuple[str, ...]
    wrong: tuple[str, ...]


def layout(text: Text) -> Parts:
    """Lay out the button and what the copied link carries beside the recipe."""
    copy = gr.Button(text.COPY_LINK, size="sm", min_width=80, elem_id="copy-link")
    names = [PERSON, *(key for key in NAMES if key != OLDER)]
    lock = gr.Dropdown(
        [(lock_name(key, text), key) for key in names],
        value=[],
        multiselect=True,
        label=text.LINK_LOCK,
        info=text.LINK_LOCK_INFO,
        interactive=True,
        elem_id="link-lock",
    )
    embed = gr.Checkbox(
        label=text.LINK_EMBED, info=text.LINK_EMBED_INFO, interactive=True, elem_id="link-embed"
    )
    return Parts(copy, lock, embed, gr.Textbox(visible=False, label=text.COPY_LINK))


def wire(
    parts: Parts,
    frame: Frame,
    recipe: Settings,
    relearn: attack.Parts,
    demo: gr.Blocks,
) -> None:
    """Join the button that copies the link, and read a link.

    ``recipe`` has step 3's fields and ``relearn`` step 5's.
    """
    engine, text = frame.engine, frame.text
    names = [*recipe.fields, *(OF_ATTACK + name for name in relearn.fields)]
    controls = [*recipe.fields.values(), *relearn.fields.values()]

    def write(entity: str, lock: list[str], embed: bool, *values: Any) -> str:
        settings = dict(zip(names, values, strict=True))
        try:
            return link_query(engine, entity, settings, lock, text.language, embed)
        except LabError as error:
            warn(translated(str(error), text))
            return ""

    def read_link(entity: str, history: dict[str, Any], request: gr.Request) -> list[Any]:
        found = read(frame, dict(request.query_params), names)
        if found.wrong:
            more = len(found.wrong) - MOST_SAID
            said = [*found.wrong[:MOST_SAID], text.LINK_MORE.format(count=more) if more > 0 else ""]
            warn(" ".join(filter(None, said)))
        view = look_up(engine, found.run)
        base = view.recipe if view else recipe_for(engine.preset, DEFAULT_STRENGTH)
        of_run, of_attack = apart(found.settings)
        wanted = revise(base, of_run)
        values = flat(wanted, revise(engine.preset.attack, of_attack))
        given = {*found.settings, *(recipe.fields if view else ())}
        person, *slots = opened(view, frame) if view else _about(found, entity, history, wanted)
        return [
            person,
            *slots,
            *(_update(values[n], n in given, n in found.locked) for n in names),
            gr.update(interactive=False) if {*found.locked} & {*recipe.fields} else gr.skip(),
            locked_value(found.locked, found.person or entity, text),
        ]

    def _about(found: Link, entity: str, history: dict[str, Any], wanted: Recipe) -> list[Any]:
        """The person of a link and their runs; all as it is where the link changes neither."""
        person = found.person
        if not person or person == entity and not found.settings:
            return [gr.skip()] * (1 + len(frame.slots))
        runs = recall(engine, history, person)
        if found.settings:
            runs[1] = kept(engine, revise(wanted, {"entity": person})) or runs[1]
        return [person, *runs]

    copy_js = COPY_JS.replace("MANUAL", json.dumps(text.LINK_MANUAL)).replace(
        "COPIED", json.dumps(text.LINK_COPIED)
    )
    parts.copy.click(
        write, [frame.entity, parts.lock, parts.embed, *controls], parts.query, **QUIET
    ).then(fn=None, inputs=parts.query, outputs=frame.announce, js=copy_js, **JS_ONLY)
    demo.load(lambda: None, None, None, **QUICK).then(
        guarded(read_link),
        [frame.entity, frame.history],
        [frame.entity, *frame.slots, *controls, recipe.strength, frame.linked],
        **QUIET,
    ).then(fn=None, js=FORGET_QUERY_JS, **JS_ONLY)


def sets(query: Mapping[str, str], names: Collection[str]) -> bool:
    """Whether an address sets the person, a run or a setting (``names``)."""
    return any(
        key in names or key.startswith(OF_ATTACK) or key in (PERSON, OLDER, "run", "lock")
        for key in query
    )


def read(frame: Frame, query: Mapping[str, str], names: Sequence[str]) -> Link:
    """Return what is valid in a link; ``names``: the settings that the page has."""
    text, wrong = frame.text, _strange(frame, query)
    settings: dict[str, Any] = {}
    person = (query.get(PERSON) or query.get(OLDER, ""))[:LONGEST]
    if person and not frame.people.card(person):
        wrong.append(text.UNKNOWN_PERSON.format(person=person))
        person = ""
    for key, value in query.items():
        if key in names:
            try:
                settings |= typed({key: value[:LONGEST]})
            except LabError as error:
                wrong.append(text.LINK_WRONG.format(why=translated(str(error), text)))
        elif key not in OTHER_KEYS and not key.startswith("__"):
            wrong.append(text.LINK_UNKNOWN.format(key=key[:40]))
    locked = []
    for key in filter(None, query.get("lock", "").split(",")):
        if key in names or key == PERSON:
            locked.append(key)
        else:
            wrong.append(text.LINK_LOCK_UNKNOWN.format(key=key[:40]))
    run = query.get("run", "")[:LONGEST]
    if run and not _can_open(look_up(frame.engine, run), frame):
        wrong.append(text.LINK_RUN)
        run = ""
    return Link(person, run, settings, tuple(dict.fromkeys(locked)), tuple(wrong))


def _strange(frame: Frame, query: Mapping[str, str]) -> list[str]:
    """What a link says of the model, the step and the language that does not hold in this lab."""
    text, loaded, wrong = frame.text, frame.engine.menu.loaded, []
    model, benchmark = (query.get(key, getattr(loaded, key))[:LONGEST] for key in LOADED)
    if (model, benchmark) != (loaded.model, loaded.benchmark):
        wrong.append(
            text.LINK_OTHER.format(
                model=model,
                benchmark=benchmark,
                loaded=loaded.model,
                loaded_benchmark=loaded.benchmark,
            )
        )
    if query.get("step", "1") not in STEPS:
        wrong.append(text.LINK_STEP.format(step=query["step"][:40]))
    if query.get("lang", text.language) not in text.LANGUAGES:
        valid = ", ".join(text.LANGUAGES)
        wrong.append(text.LINK_LANGUAGE.format(language=query["lang"][:40], valid=valid))
    return wrong


def _can_open(view: RunView | None, frame: Frame) -> bool:
    """Whether a run is there, of the loaded model, and about somebody whom the visitor may see."""
    return view is not None and not view.foreign and frame.people.card(view.entity) is not None


def _update(wanted: Any, given: bool, locked: bool) -> Any:
    value = {"value": wanted} if given else {}
    lock = {"interactive": False} if locked else {}
    return gr.update(**value, **lock)


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


def link_query(
    engine: Visit,
    entity: str,
    values: dict[str, Any],
    lock: Sequence[str] = (),
    language: str = "",
    embed: bool = False,
) -> str:
    """Return the settings as a URL query: model, benchmark, steps, seed, what differs from Standard.

    ``lock``: what whoever opens it finds locked, which is then in the link, too. ``language``: of the
    page that it opens. ``embed``: as a slide.
    """
    loaded = engine.menu.loaded
    recipe = recipe_for(engine.preset, DEFAULT_STRENGTH)
    of_run, of_attack = apart(values)
    base = flat(recipe, engine.preset.attack)
    wanted = flat(revise(recipe, of_run), revise(engine.preset.attack, of_attack))
    named = {
        key: wanted[key]
        for key in values
        if key in ALWAYS or key in lock or wanted[key] != base[key]
    }
    more = {"lock": ",".join(lock), "lang": language, EMBED: "1" if embed else ""}
    where = {key: getattr(loaded, key) for key in LOADED}
    person = {PERSON: entity} if entity else {}
    return urlencode(person | named | {k: v for k, v in more.items() if v} | where, safe=",")
