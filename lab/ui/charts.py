"""The live chart: a small component that draws raw and smoothed lines as inline SVG."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lab.report.curves import empty


def live_chart(label: str, elem_id: str, value: dict[str, Any] | None = None) -> gr.HTML:
    """Make a grid of small line charts; its value is streamed as list differences."""
    return gr.HTML(
        value or empty(label),
        html_template='<div class="lab-chart"></div>',
        css_template=CHART_CSS,
        js_on_load=CHART_JS,
        elem_id=elem_id,
    )


CHART_CSS = """
.lab-chart .grid { display: flex; flex-wrap: wrap; gap: 12px; }
.lab-chart figure { margin: 0; min-width: 0; flex: 1 1 min(100%, 210px); }
.lab-chart figure.wide { flex-basis: 100%; }
.lab-chart figcaption { font-weight: 600; font-size: 0.85rem; color: var(--body-text-color); }
.lab-chart .now { font-weight: 400; color: var(--body-text-color-subdued); }
.lab-chart svg { width: 100%; height: auto; display: block; overflow: visible; }
.lab-chart text { fill: var(--body-text-color-subdued); font: 11px system-ui, sans-serif; }
.lab-chart text.name { fill: var(--body-text-color); paint-order: stroke; stroke-width: 4px;
  stroke: var(--background-fill-primary); }
.lab-chart .axis { stroke: var(--border-color-primary); }
.lab-chart .rule { stroke: var(--body-text-color-subdued); stroke-dasharray: 2 4; }
.lab-chart path { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.lab-chart path.raw { stroke-width: 1; opacity: 0.5; }
.lab-chart .c0 { stroke: var(--lab-line-0); }
.lab-chart .c1 { stroke: var(--lab-line-1); }
.lab-chart .c2 { stroke: var(--lab-line-2); }
.lab-chart circle { stroke-width: 2; fill: var(--background-fill-primary); }
.lab-chart .key { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 2px 0 0;
  font-size: 0.8rem; color: var(--body-text-color); }
.lab-chart .key span { display: inline-flex; align-items: center; gap: 6px; }
.lab-chart .key svg { width: 28px; flex: none; }
.lab-chart .empty, .lab-chart .hint { color: var(--body-text-color-subdued); margin: 4px 0; }
.lab-chart .empty { border: 1px dashed var(--border-color-primary); border-radius: 8px;
  padding: 28px 16px; text-align: center; }
.lab-chart details { margin-top: 6px; font-size: 0.85rem; }
.lab-chart .scroll { max-height: 240px; overflow: auto; }
.lab-chart td, .lab-chart th { padding: 2px 10px; text-align: right; }
"""

CHART_JS = r"""
const SVG = 'http://www.w3.org/2000/svg';
const make = (tag, attrs, parent, words) => {
  const node = tag.startsWith('svg:') ? document.createElementNS(SVG, tag.slice(4))
                                      : document.createElement(tag);
  for (const [key, value] of Object.entries(attrs || {})) node.setAttribute(key, value);
  if (words !== undefined) node.textContent = words;
  if (parent) parent.appendChild(node);
  return node;
};
const mark = (1.5).toLocaleString(document.documentElement.lang || 'en')[1];
const local = (number) => String(number).replace('.', mark);
const say = (y, share) => share ? local((100 * y).toFixed(1)) + ' %'
  : local(Math.abs(y) >= 0.01 || y === 0 ? y.toFixed(3) : y.toExponential(1));
const axisSay = (y, share) => share ? Math.round(100 * y) + ' %' : local(Number(y.toPrecision(2)));
const range = (panel) => {
  if (panel.share) return [0, 1];
  const all = panel.lines.flatMap((line) => line.points.map((p) => p[1]));
  if (!all.length) return [0, 1];
  const low = Math.min(...all), high = Math.max(...all);
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - pad, high + pad];
};
const drawPanel = (panel, value, grid) => {
  const figure = make('figure', panel.wide ? {class: 'wide'} : {}, grid);
  const last = panel.lines.filter((line) => line.points.length)
    .map((line) => (panel.lines.length > 1 ? line.name + ' ' : '')
      + say((line.smooth.length ? line.smooth : line.points).at(-1)[1], panel.share)).join(', ');
  const caption = make('figcaption', {}, figure, panel.title + ' ');
  make('span', {class: 'now'}, caption, last);
  // A wide panel is drawn as wide as it is seen, so that its letters keep their size.
  const room = element.clientWidth || 900, small = room < 420;
  const width = panel.wide ? Math.min(900, Math.max(320, room)) : 320;
  const height = panel.wide ? 220 : 150, left = 46, top = 8, bottom = 22;
  const right = panel.wide && !small ? Math.min(178, 20 + 0.2 * width) : 12;
  const svg = make('svg:svg', {viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': panel.title + ': ' + last}, figure);
  const [low, high] = range(panel);
  const x = (step) => left + (width - left - right) * step / Math.max(1, value.end);
  const y = (v) => top + (height - top - bottom) * (1 - (v - low) / (high - low));
  for (const share of [0, 0.5, 1]) {
    const v = low + (high - low) * share;
    make('svg:line', {class: 'axis', x1: left, x2: width - right, y1: y(v), y2: y(v)}, svg);
    make('svg:text', {x: left - 5, y: y(v) + 4, 'text-anchor': 'end'}, svg,
      axisSay(v, panel.share));
  }
  make('svg:text', {x: left, y: height - 5}, svg, '0');
  make('svg:text', {x: width - right, y: height - 5, 'text-anchor': 'end'}, svg,
    value.axis + ' ' + value.end);
  const labels = [];
  for (const rule of panel.rules) {
    const at = y(rule.y);
    make('svg:line', {class: 'rule', x1: left, x2: width - right, y1: at, y2: at}, svg);
    labels.push([at, rule.label]);
  }
  panel.lines.forEach((line, index) => {
    const path = (points) => points.map((p, i) => (i ? 'L' : 'M') + x(p[0]).toFixed(1) + ' '
      + y(p[1]).toFixed(1)).join('');
    const raw = line.smooth.length ? 'raw ' : '';
    if (line.points.length) make('svg:path', {class: raw + 'c' + index, d: path(line.points),
      'stroke-dasharray': line.dash}, svg);
    if (line.smooth.length) make('svg:path', {class: 'c' + index, d: path(line.smooth)}, svg);
    if (panel.share) line.points.forEach((p) => make('svg:circle',
      {class: 'c' + index, cx: x(p[0]), cy: y(p[1]), r: 3}, svg));
    if (panel.wide && line.points.length) labels.push([y(line.points.at(-1)[1]), line.name]);
  });
  if (small) return panel.wide && drawKey(panel, figure);
  labels.sort((a, b) => a[0] - b[0]);
  let floor = -99;
  for (const [at, words] of labels) {
    floor = Math.max(at, floor + 14);
    make('svg:text', {class: 'name', x: width - right + 8, y: floor + 4}, svg, words);
  }
};
// Beside lines that end near each other, a small chart has no room for their names.
const drawKey = (panel, figure) => {
  const key = make('p', {class: 'key'}, figure);
  const one = (words, look) => {
    const item = make('span', {}, key);
    const svg = make('svg:svg', {viewBox: '0 0 28 10', 'aria-hidden': 'true'}, item);
    make('svg:path', {d: 'M0 5L28 5', ...look}, svg);
    item.append(words);
  };
  panel.lines.forEach((line, index) => {
    if (line.points.length) one(line.name, {class: 'c' + index, 'stroke-dasharray': line.dash});
  });
  panel.rules.forEach((rule) => one(rule.label, {class: 'rule'}));
};
// The line that opens the table stays: drawn anew, it would lose the focus, and clicks on it.
const drawTable = (value, root) => {
  let details = root.querySelector('details');
  if (!details) {
    details = make('details', {}, root);
    make('summary', {}, details, value.table);
    details.addEventListener('toggle', () => { if (details.open) fillTable(props.value, details); });
  }
  // Filling a closed table at every update would cost more than the drawing.
  if (details.open) fillTable(value, details);
};
const fillTable = (value, details) => {
  if (!details.querySelector('.scroll')) {
    if (value.hint) make('p', {class: 'hint'}, details, value.hint);
    make('div', {class: 'scroll lab-table', tabindex: 0}, details);
  }
  const scroll = details.querySelector('.scroll'), left = scroll.scrollLeft, top = scroll.scrollTop;
  scroll.replaceChildren();
  const table = make('table', {}, scroll), head = make('tr', {}, make('thead', {}, table));
  make('th', {scope: 'col'}, head, value.axis);
  const columns = [], steps = new Set();
  for (const panel of value.panels) for (const line of panel.lines) {
    make('th', {scope: 'col'}, head, line.name);
    columns.push([new Map(line.points), panel.share]);
    line.points.forEach((p) => steps.add(p[0]));
  }
  const body = make('tbody', {}, table);
  for (const step of [...steps].sort((a, b) => b - a).slice(0, 200)) {
    const row = make('tr', {}, body);
    make('td', {}, row, step);
    for (const [points, share] of columns)
      make('td', {}, row, points.has(step) ? say(points.get(step), share) : '');
  }
  scroll.scrollTo(left, top);
};
const draw = () => {
  const root = element.querySelector('.lab-chart'), value = props.value;
  if (!root || !value?.panels) return;
  if (!value.panels.length) {
    root.replaceChildren();
    make('p', {class: 'empty'}, root, value.label);
    return;
  }
  root.querySelector('.empty')?.remove();
  const grid = root.querySelector('.grid') ?? make('div', {class: 'grid'}, root);
  grid.replaceChildren();
  value.panels.forEach((panel) => drawPanel(panel, value, grid));
  drawTable(value, root);
};
draw();
watch('value', draw);
let seen = element.clientWidth;  // 0 while its step is not open
new ResizeObserver(() => {
  if (Math.abs(element.clientWidth - seen) < 40) return;
  seen = element.clientWidth;
  draw();
}).observe(element);
"""
