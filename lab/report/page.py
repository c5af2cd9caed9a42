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
from lab.recipe import Recipe
from lab.unlearn.events import CLEAN, Bar, Curve, Done, Event, Importance, Probe, Saliency, Step

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1e293b;background:#fff}table{border-collapse:collapse}td,th{border:1px solid #94a3b8;
padding:.3rem .6rem;text-align:left}img{width:112px}figure{margin:1rem 0}code{background:#f1f5f9}"""


def last_result(events: Sequence[Event]) -> dict[str, Any]:
    """The result of the last ``Done``; empty where a run has none."""
    return next((e.result for e in reversed(events) if isinstance(e, Done)), {})


def page(recipe: Recipe, events: Sequence[Event], attack_events: Sequence[Event],
         benchmark: Benchmark, preset: str) -> str:
    """The report as one HTML text: it asks nothing of the network; model text is escaped."""
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
        f"<tr><th>{html.escape(key)}</th><td>{100 * result['before'][key]:.1f} %</td>"
        f"<td>{100 * value:.1f} %</td><td>{100 * result['chance'][key]:.0f} %</td>"
        f"<td>{result['n'][key]}</td></tr>" for key, value in result["after"].items())
    return (f"<h2>Scores</h2><table><caption>mode {html.escape(result.get('mode', CLEAN))}</caption><tr><th>measure</th><th>original</th><th>unlearned</th>"
            f"<th>chance</th><th>n</th></tr>{rows}</table>")


def _facts(result: dict[str, Any]) -> str:
    keys = ("steps", "stopped_because", "changes", "text_logits_identical", "text_answers_changed",
            "base_unchanged", "pruned_neurons", "mask_density", "seconds", "peak_memory_mb", "device", "quantization")
    items = "".join(f"<li>{k}: {html.escape(str(result[k]))}</li>" for k in keys if k in result)
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
    a = {k: html.escape(v) if isinstance(v, str) else v for k, v in result.items()}
    how = (f"highest of {int(a['of'])}: {a['highest']}" if "highest" in a else
           f"scope {a['scope']}, {int(a['rows'])} rows ({100 * a['share']:.0f} %), {int(a['steps'])} steps")
    control = a["control"]
    beside = (f"; control ({html.escape(control['name'])}): gain {control['gain']:.3f}" if control else "")
    rows = "".join(
        f"<tr><th>{html.escape(b.name)}</th><td>{html.escape(b.who)}</td><td>{100 * b.forget:.1f} %</td>"
        f"<td>{b.n}</td><td>{100 * b.chance:.0f} %</td><td>"
        + (f"{100 * b.retain:.1f} % (n = {b.n_retain})" if b.n_retain else "not asked") + "</td></tr>"
        for b in said if isinstance(b, Bar))
    table = ("<table><tr><th>change</th><th>model</th><th>Forget VQA</th><th>n</th><th>chance</th>"
             f"<th>Retain VQA</th></tr>{rows}</table>") if rows else ""
    return (f"<h3>{a['kind']}</h3><p>{html.escape(ATTACKS.get(result['kind'], ''))}</p>"
            f"<p>{how}: gain = {a['after']:.3f} - {a['before']:.3f} = {a['gain']:.3f}; vanilla gap = "
            f"{a['vanilla']:.3f} - {a['after']:.3f} = {a['vanilla_gap']:.3f}; n = {a['n']}, chance "
            f"{a['chance']:.2f}{beside}</p>{table}")


def _figures(events: Sequence[Event], attack_events: Sequence[Event]) -> list[str]:
    import plotly.graph_objects as go

    from lab.ui import maps  # plotly builders only: no gradio

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
            made.append((f"Forget VQA under attack: {html.escape(result['kind'])}", go.Figure([
                go.Scatter(x=[e.step for e in points if e.who == who],
                           y=[e.forget for e in points if e.who == who], name=who)
                for who in dict.fromkeys(e.who for e in points)])))
    return [f"<h2>{title}</h2>" + figure.to_html(full_html=False, include_plotlyjs=(k == 0))
            for k, (title, figure) in enumerate(made)]
