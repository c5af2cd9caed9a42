"""The report of a run as one self-contained HTML page."""

from __future__ import annotations

import base64
import dataclasses
import html
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import yaml

from lab.benchmarks.schema import Benchmark
from lab.errors import LabError
from lab.events import CLEAN, Event, Importance, Probe, Saliency, Step, last_result
from lab.events.controls import controls_of
from lab.events.where import where_of
from lab.recipe import Recipe, load_preset, on_benchmark
from lab.report import (
    attack_section,
    control_columns,
    diagnosis,
    left_out,
    lost,
    run_facts,
    side_by_side,
    verdict,
)
from lab.report.markup import filled, heads, shown, stability
from lab.report.text import Text

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1e293b;background:#fff}table{border-collapse:collapse}td,th{border:1px solid #94a3b8;
padding:.3rem .6rem;text-align:left}img{width:112px}figure{margin:1rem 0}code{background:#f1f5f9}
.verdict{font-size:1.15rem;font-weight:600}.chart{overflow-x:auto;break-inside:avoid}
pre{white-space:pre-wrap}@media print{body{margin:0;padding:0;max-width:none;font-size:11pt}
table{font-size:9pt}tr{break-inside:avoid}.chart{overflow:visible}h2{break-after:avoid}
.modebar{display:none}}"""
CHART_WIDTH = "660px"  # fits the paper: a chart as wide as the window would be cut off there


@contextmanager
def _named_damage() -> Iterator[None]:
    """Say in one line that events are none of a run, whatever about them was wrong."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise LabError(
            "events.jsonl does not hold what a run of this lab says: download the run again"
        ) from error


@_named_damage()
def page(
    recipe: Recipe,
    events: Sequence[Event],
    attack_events: Sequence[Event],
    benchmark: Benchmark,
    preset: str,
    text: Text,
) -> str:
    """The report as one HTML text; it loads nothing from the network and escapes all foreign text.

    Raises ``LabError`` where the events are not those of a run of the lab.
    """
    entity = benchmark.entity(recipe.entity)
    result = last_result(events)
    portrait = base64.b64encode((entity.train_images or entity.test_images)[0]).decode()
    name = html.escape(entity.name)
    title = filled(text.REPORT_TITLE, name=name)
    parts = [
        f"<h1>{title}</h1>",
        f'<p><img alt="{filled(text.PORTRAIT_OF, name=name)}" src="data:image/jpeg;base64,{portrait}"></p>',
        _verdicts(result, attack_events, entity.name, text),
        f"<p>{html.escape(text.METHODS[recipe.method])}</p>",
        _diagnosis(result, recipe, attack_events, text),
        _scores(result, text),
        side_by_side.section(benchmark, recipe.entity, events, text),
        run_facts.section(result, recipe.steps, text),
        left_out.section(result.get("left_out", {}), text),
        *_stabilities(events, text),
        lost.section(result, entity.name, text),
        *_figures(events, attack_events, text),
        attack_section.section(attack_events, text),
        f"<h2>{html.escape(text.REPORT_RECIPE)}</h2><pre>"
        + html.escape(
            yaml.safe_dump({"preset": preset, **dataclasses.asdict(recipe)}, sort_keys=False)
        )
        + "</pre>",
        f"<p>{html.escape(text.REPORT_AGAIN)} <code>{html.escape(command(recipe, preset, benchmark.name))}</code></p>",
    ]
    return (
        f'<!doctype html><html lang="{text.language}"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        + "\n".join(parts)
        + "</body></html>"
    )


def command(recipe: Recipe, preset: str, benchmark: str) -> str:
    """The command line that repeats the run; with every setting where the preset is not known."""
    try:
        usual = load_preset(preset)
    except LabError:
        usual = None
    standard = on_benchmark(usual, benchmark).recipe if usual else None
    changed = [
        f"{f.name}={getattr(recipe, f.name)}"
        for f in dataclasses.fields(recipe)
        if f.name not in ("entity", "seed", "method")
        and (standard is None or getattr(recipe, f.name) != getattr(standard, f.name))
    ]
    extra = " --set " + " ".join(changed) if changed else ""
    named = f" --benchmark {benchmark}" if usual and benchmark != usual.benchmark else ""
    return (
        f"python -m lab run --preset {preset}{named} --entity {recipe.entity} --method {recipe.method} "
        f"--seed {recipe.seed}{extra} --out runs/{recipe.entity} --json"
    )


def _scores(result: dict[str, Any], text: Text) -> str:
    if not result.get("after"):
        return f"<p>{html.escape(text.REPORT_UNSCORED)}</p>"
    found = controls_of(result)
    rows = "".join(
        f"<tr><th>{shown(text.SCORES.get(key, key), text)}</th><td>{shown(result['before'][key], text, '.1f', 100)} %</td>"
        f"<td>{shown(value, text, '.1f', 100)} %</td><td>{_level(result['chance'][key], text)}</td>"
        f"<td>{shown(result['n'][key], text)}</td>"
        + "".join(
            f"<td>{shown(c, text)}</td>"
            for c in control_columns.cells(found, key, result["n"][key], text)
        )
        + "</tr>"
        for key, value in result["after"].items()
    )
    mode = filled(text.REPORT_MODE, mode=shown(result.get("mode", CLEAN), text))
    return (
        f"<h2>{html.escape(text.REPORT_SCORES)}</h2><table><caption>{mode}</caption>"
        f"{heads((*text.REPORT_SCORES_HEAD, *control_columns.heads(found, text)))}{rows}</table>"
        + "".join(f"<p>{html.escape(line)}</p>" for line in control_columns.lines(found, text))
        + (f"<p>{html.escape(text.NO_CHANCE)}</p>" if None in result["chance"].values() else "")
    )


def _level(chance: float | None, text: Text) -> str:
    return html.escape(text.NOTHING) if chance is None else f"{shown(chance, text, '.0f', 100)} %"


def _verdicts(result: dict[str, Any], attack_events: Sequence[Event], name: str, text: Text) -> str:
    """What a reader should take from the run and from each attack on it, first of all."""
    said = [verdict.unlearned(result, name, text), verdict.answered(result, name, text)]
    said += [
        verdict.attacked(attack, name, text)
        for attack, _ in attack_section.each_attack(attack_events)
    ]
    return "".join(f'<p class="verdict">{html.escape(v.words)}</p>' for v in said if v.words)


def _diagnosis(
    result: dict[str, Any], recipe: Recipe, attack_events: Sequence[Event], text: Text
) -> str:
    """Which failure signature the run shows, and the settings to try; "" for one without scores."""
    attacks = [attack for attack, _ in attack_section.each_attack(attack_events)]
    found = diagnosis.diagnosed(result, recipe, attacks)
    if found is None:
        return ""
    lines = [diagnosis.in_words(found, text)]
    if found.changes:
        lines += [diagnosis.changes_in_words(found, recipe, text), text.DIAGNOSIS_ABOUT]
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def _figures(events: Sequence[Event], attack_events: Sequence[Event], text: Text) -> list[str]:
    figures = [
        *_maps(events, text),
        *_curves(events, text),
        *_lost(events, text),
        *attack_section.curves(attack_events, text),
    ]
    return [
        f'<h2>{title}</h2><div class="chart">'
        + figure.to_html(full_html=False, include_plotlyjs=(k == 0), default_width=CHART_WIDTH)
        + "</div>"
        for k, (title, figure) in enumerate(figures)
    ]


def _maps(events: Sequence[Event], text: Text) -> Iterator[tuple[str, Any]]:
    from lab.report import maps  # plotly builders only: no gradio

    for event in events:
        if isinstance(event, Importance):
            yield html.escape(text.REPORT_NEURONS), maps.neuron_map(event, event.pruned, text)
        if isinstance(event, Saliency):
            yield html.escape(text.REPORT_FISHER), maps.ratio_map(event, text)
            yield html.escape(text.REPORT_DENSITY), maps.density_map(event, event.density, text)


def _lost(events: Sequence[Event], text: Text) -> Iterator[tuple[str, Any]]:
    from lab.report import lost_charts

    found = where_of(last_result(events))
    if found is not None:
        yield html.escape(text.LOST), lost_charts.patching_chart(found, text)
        yield html.escape(text.LINE), lost_charts.line_chart(found.line, text)


def _stabilities(events: Sequence[Event], text: Text) -> list[str]:
    found = [stability(event, text) for event in events if isinstance(event, Saliency)]
    return [f"<p>{html.escape(words)}</p>" for words in found]


def _curves(events: Sequence[Event], text: Text) -> Iterator[tuple[str, Any]]:
    steps = [e for e in events if isinstance(e, Step)]
    if steps:
        yield (
            html.escape(text.REPORT_LOSSES),
            _lines(
                steps,
                {
                    "forget_loss": text.FORGET_LOSS,
                    "vkd_loss": text.VKD_LOSS,
                    "total": text.TOTAL_LOSS,
                },
            ),
        )
    probes = [e for e in events if isinstance(e, Probe)]
    if probes:
        yield (
            html.escape(text.REPORT_PROBES),
            _lines(probes, {"forget": text.FORGET, "retain": text.RETAIN}),
        )


def _lines(events: Sequence[Step | Probe], names: Mapping[str, str]) -> Any:
    import plotly.graph_objects as go

    steps = [e.step for e in events]
    return go.Figure(
        [
            go.Scatter(x=steps, y=[getattr(e, field) for e in events], name=name)
            for field, name in names.items()
        ]
    )
