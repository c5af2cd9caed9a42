"""The report of a run as one self-contained HTML page."""

from __future__ import annotations

import base64
import dataclasses
import html
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from lab.benchmarks.schema import Benchmark
from lab.catalogue import ATTACKS, METHODS
from lab.errors import LabError
from lab.recipe import Recipe
from lab.events import CLEAN, Bar, Curve, Done, Event, Importance, Probe, Saliency, Step

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1e293b;background:#fff}table{border-collapse:collapse}td,th{border:1px solid #94a3b8;
padding:.3rem .6rem;text-align:left}img{width:112px}figure{margin:1rem 0}code{background:#f1f5f9}"""


def shown(value: Any, form: str = "", times: int = 1) -> str:
    """A number ``times`` as many in the format ``form``; anything else as text, never as markup."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return format(times * value, form)
        except (OverflowError, ValueError):  # larger than any number of the lab's
            return "?"
    return html.escape(str(value))


def last_result(events: Sequence[Event]) -> dict[str, Any]:
    """The result of the last ``Done``; empty where a run has none."""
    return next((e.result for e in reversed(events) if isinstance(e, Done)), {})


def page(recipe: Recipe, events: Sequence[Event], attack_events: Sequence[Event],
         benchmark: Benchmark, preset: str) -> str:
    """The report as one HTML text: it asks nothing of the network; what is not ours is escaped.

    Raises ``LabError`` where the events do not say what a run of the lab says.
    """
    try:
        return _page(recipe, events, attack_events, benchmark, preset)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise LabError("events.jsonl does not hold what a run of this lab says: download the run "
                       "again") from error


def _page(recipe: Recipe, events: Sequence[Event], attack_events: Sequence[Event],
          benchmark: Benchmark, preset: str) -> str:
    entity = benchmark.entity(recipe.entity)
    result = last_result(events)
    portrait = base64.b64encode((entity.train_images or entity.test_images)[0]).decode()
    parts = [
        f"<h1>Unlearning {html.escape(entity.name)}</h1>",
        f'<p><img alt="Portrait of {html.escape(entity.name)}" '
        f'src="data:image/jpeg;base64,{portrait}"></p>',
        f"<p>{html.escape(METHODS[recipe.method])}</p>",
        _scores(result), _facts(result), *_figures(events, attack_events), _attacks(attack_events),
        "<h2>Recipe</h2><pre>" + html.escape(yaml.safe_dump(
            {"preset": preset, **dataclasses.asdict(recipe)}, sort_keys=False)) + "</pre>",
        "<p>Again: <code>" + html.escape(command(recipe, preset)) + "</code></p>",
    ]
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Unlearning '
            f"{html.escape(entity.name)}</title><style>{STYLE}</style></head><body>"
            + "\n".join(parts) + "</body></html>")


def command(recipe: Recipe, preset: str) -> str:
    """The command line that repeats the run."""
    standard = Recipe()
    changed = [f"{f.name}={getattr(recipe, f.name)}" for f in dataclasses.fields(recipe)
               if f.name not in ("entity", "seed", "method")
               and getattr(recipe, f.name) != getattr(standard, f.name)]
    extra = " --set " + " ".join(changed) if changed else ""
    return (f"python -m lab run --preset {preset} --entity {recipe.entity} --method {recipe.method} "
            f"--seed {recipe.seed}{extra} --out runs/{recipe.entity} --json")


def _scores(result: dict[str, Any]) -> str:
    if not result.get("after"):
        return "<p>This run was stopped before it was scored.</p>"
    rows = "".join(
        f"<tr><th>{shown(key)}</th><td>{shown(result['before'][key], '.1f', 100)} %</td>"
        f"<td>{shown(value, '.1f', 100)} %</td><td>{shown(result['chance'][key], '.0f', 100)} %</td>"
        f"<td>{shown(result['n'][key])}</td></tr>" for key, value in result["after"].items())
    return (f"<h2>Scores</h2><table><caption>mode {shown(result.get('mode', CLEAN))}</caption>"
            "<tr><th>measure</th><th>original</th><th>unlearned</th><th>chance</th><th>n</th></tr>"
            f"{rows}</table>")


def _facts(result: dict[str, Any]) -> str:
    keys = ("steps", "stopped_because", "changes", "text_logits_identical", "text_answers_changed",
            "base_unchanged", "pruned_neurons", "mask_density", "seconds", "peak_memory_mb", "device", "quantization")
    items = "".join(f"<li>{k}: {shown(result[k])}</li>" for k in keys if k in result)
    return f"<ul>{items}</ul>"


def _each_attack(events: Sequence[Event]) -> Iterator[tuple[dict[str, Any], list[Event]]]:
    """The result of every attack that has one, and what it said before."""
    said: list[Event] = []
    for event in events:
        if not isinstance(event, Done):
            said.append(event)
            continue
        if event.result:
            yield event.result, said
        said = []


def _attacks(events: Sequence[Event]) -> str:
    made = "".join(_attack(result, said) for result, said in _each_attack(events))
    return f"<h2>Attacks</h2>{made}" if made else ""


def _attack(result: dict[str, Any], said: Sequence[Event]) -> str:
    """What was attacked and how, both gaps with their formula, the control, and bars as a table."""
    def told(key: str, form: str = "", times: int = 1) -> str:
        return shown(result[key], form, times)

    how = (f"highest of {told('of')}: {told('highest')}" if "highest" in result else
           f"scope {told('scope')}, {told('rows')} rows ({told('share', '.0f', 100)} %), "
           f"{told('steps')} steps")
    control = result["control"]
    beside = (f"; control ({shown(control['name'])}): gain {shown(control['gain'], '.3f')}"
              if control else "")
    rows = "".join(_bar_row(event) for event in said if isinstance(event, Bar))
    table = ("<table><tr><th>change</th><th>model</th><th>Forget VQA</th><th>n</th><th>chance</th>"
             f"<th>Retain VQA</th></tr>{rows}</table>") if rows else ""
    after = told("after", ".3f")
    return (f"<h3>{told('kind')}</h3><p>{shown(ATTACKS.get(result['kind'], ''))}</p>"
            f"<p>{how}: gain = {after} - {told('before', '.3f')} = {told('gain', '.3f')}; vanilla gap = "
            f"{told('vanilla', '.3f')} - {after} = {told('vanilla_gap', '.3f')}; n = {told('n')}, chance "
            f"{told('chance', '.2f')}{beside}</p>{table}")


def _bar_row(bar: Bar) -> str:
    others = (f"{shown(bar.retain, '.1f', 100)} % (n = {shown(bar.n_retain)})" if bar.n_retain
              else "not asked")
    return (f"<tr><th>{shown(bar.name)}</th><td>{shown(bar.who)}</td>"
            f"<td>{shown(bar.forget, '.1f', 100)} %</td><td>{shown(bar.n)}</td>"
            f"<td>{shown(bar.chance, '.0f', 100)} %</td><td>{others}</td></tr>")


def _figures(events: Sequence[Event], attack_events: Sequence[Event]) -> list[str]:
    import plotly.graph_objects as go

    from lab.report import maps  # plotly builders only: no gradio

    made: list[tuple[str, Any]] = []
    for event in events:
        if isinstance(event, Importance):
            made.append(("Neuron importance (log10 ratio)", maps.neuron_map(event, event.pruned)))
        if isinstance(event, Saliency):
            made.append(("Fisher ratio by weight group", maps.ratio_map(event)))
            made.append(("Mask density", maps.density_map(event, event.density)))
    steps = [e for e in events if isinstance(e, Step)]
    if steps:
        x = [e.step for e in steps]
        made.append(("Losses", go.Figure([
            go.Scatter(x=x, y=[getattr(e, k) for e in steps], name=k)
            for k in ("forget_loss", "vkd_loss", "total")])))
    probes = [e for e in events if isinstance(e, Probe)]
    if probes:
        made.append(("Probe accuracy", go.Figure([
            go.Scatter(x=[e.step for e in probes], y=[getattr(e, k) for e in probes], name=k)
            for k in ("forget", "retain")])))
    for result, said in _each_attack(attack_events):
        points = [e for e in said if isinstance(e, Curve) and e.forget == e.forget]
        if points:
            made.append((f"Forget VQA under attack: {shown(result['kind'])}", go.Figure([
                go.Scatter(x=[e.step for e in points if e.who == who],
                           y=[e.forget for e in points if e.who == who], name=who)
                for who in dict.fromkeys(e.who for e in points)])))
    return [f"<h2>{title}</h2>" + figure.to_html(full_html=False, include_plotlyjs=(k == 0))
            for k, (title, figure) in enumerate(made)]
