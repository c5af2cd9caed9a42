// The instrument's elements, what a hand or a key does with them, and when they are drawn.
const build = () => {
  const root = element.querySelector('.lab-instrument');
  root.replaceChildren();
  parts = {root, openers: [], strips: [], places: []};
  parts.count = make('p', {id: 'recount', class: 'count', role: 'status'}, root);
  parts.shared = make('p', {class: 'shared', id: 'shared'}, root);
  const shown = make('div', {class: 'shown'}, root);
  for (const k of [0, 1]) {
    const figure = make('figure', {}, shown);
    const canvas = make('canvas', {role: 'img', width: 224, height: 224}, figure);
    parts.places.push({figure, canvas, caption: make('figcaption', {}, figure)});
  }
  const said = make('div', {class: 'said'}, shown);
  buildBar(said);
  parts.firing = make('div', {class: 'firing', id: 'neuron', 'aria-live': 'polite'}, said);
  fire();
  const strips = make('div', {class: 'strips'}, root);
  data.strips.forEach((strip, k) => buildStrip(strips, strip, k));
  parts.axis = make('p', {class: 'quiet axis'}, strips);
  parts.opened = make('div', {class: 'row opened'}, strips);
  const side = make('div', {class: 'side'}, parts.opened);
  parts.openedName = make('strong', {}, side);
  parts.weights = make('canvas', {role: 'img'}, parts.opened);
  hear(parts.weights, () => state.open);
  buildMore(root);
  parts.table = make('details', {}, parts.more);
  make('summary', {}, parts.table, words.table);
  parts.tables = make('div', {class: 'tables'}, parts.table);
  parts.table.addEventListener('toggle', repaint);
};

const choice = (parent, name, label, choices, now, choose) => {
  const group = make('fieldset', {}, parent);
  make('legend', {}, group, label);
  for (const [value, about] of choices) {
    const line = make('label', {}, group), input = make('input', {type: 'radio', name, value}, line);
    input.checked = value === now;
    line.append(' ' + about);
    input.addEventListener('change', () => choose(value));
  }
  return group;
};
// What is not needed at a first look: other views, what the strips mean, all numbers.
const buildMore = (root) => {
  parts.more = make('details', {class: 'more'}, root);
  make('summary', {}, parts.more, words.more);
  const bar = make('div', {class: 'bar'}, parts.more), name = `${element.id || 'lab'}-`;
  parts.views = choice(bar, name + 'view', words.view,
    [['before', words.before], ['after', words.after], ['change', words.change]], state.view,
    (view) => {
      if (view === 'before' || data.value.after) { state.view = view; repaint(); return; }
      state.wanted = view;  // it is shown when it has been measured
      parts.views.querySelector('input').checked = true;
      trigger('left', {});
    });
  if (data.strips.some((strip) => strip.mean)) choice(bar, name + 'fisher', words.fisher,
    [['mean', words.mean], ['most', words.most]], state.fisher,
    (kind) => { state.fisher = kind; repaint(); });
  parts.scale = make('p', {class: 'quiet'}, parts.more);
  make('p', {class: 'quiet'}, parts.more, words.weights_about);
  make('p', {class: 'quiet'}, parts.more, words.how);
};
const buildBar = (root) => {
  const bar = make('div', {class: 'bar'}, root);
  parts.read = make('p', {class: 'read'}, bar);
  const zooms = make('div', {class: 'zoom', role: 'group', 'aria-label': words.zoom}, bar);
  for (const [sign, label, act] of [['+', words.closer, () => zoomBy(0.5)],
    ['−', words.wider, () => zoomBy(2)], [words.whole, words.whole_label, () => zoomTo(0, 1)]]) {
    const button = make('button', {type: 'button', 'aria-label': label, title: label}, zooms, sign);
    button.addEventListener('click', act);
  }
};
const buildStrip = (strips, strip, k) => {
  const row = make('div', {class: 'row'}, strips);
  const opener = make('button', {type: 'button', class: 'side', title: words.open_layer}, row);
  make('strong', {}, opener, strip.name);
  parts.openers.push(opener);
  opener.addEventListener('click', () => { state.open = k; repaint(); });
  const canvas = make('canvas', {role: 'slider', tabindex: 0, 'aria-valuemin': 0, 'aria-valuenow': 0,
    'aria-valuemax': strip.neurons - 1, 'aria-label': fill(words.strip_label, {layer: strip.name})},
  row);
  parts.strips.push(canvas);
  hear(canvas, () => k);
  canvas.addEventListener('keydown', (event) => pressed(event, k));
};

const zoomTo = (low, high) => {
  const span = Math.min(Math.max(high - low, 0.004), 1);
  const first = Math.min(Math.max((low + high - span) / 2, 0), 1 - span);
  state.zoom = [first, first + span];
  repaint();
};
const zoomBy = (factor, around) => {
  const [low, high] = state.zoom, place = state.picked || state.at;
  const middle = around ?? (place ? (place.neuron + 0.5) / data.strips[place.layer].neurons
    : (low + high) / 2);
  const span = (high - low) * factor;
  zoomTo(middle - span / 2, middle + span / 2);
};
const pick = (place) => {
  state.picked = state.at = place;
  if (data.value.pictures[place.layer]) state.open = place.layer;
  repaint();
  // Of what waits Gradio asks the first again and not the last, so the last stands here.
  window.labNeuron = {run: data.value.key, layer: data.strips[place.layer].name, neuron: place.neuron};
  trigger('pick', {});
};
// The neuron under a pointer: of several in one pixel the one that is most this person's.
const under = (canvas, event, layer) => {
  const box = canvas.getBoundingClientRect(), strip = data.strips[layer];
  const x = Math.min(Math.max(event.clientX - box.left, 0), box.width - 1);
  const [first, end] = columnsAt(strip, state.zoom, Math.floor(x), box.width);
  let best = first;
  for (let i = first; i < end; i++) if (strip.rank[i] < strip.rank[best]) best = i;
  return {layer, neuron: Math.min(best * strip.width + strip.peak[best], strip.neurons - 1)};
};
const hear = (canvas, layerOf) => {
  let begun = null;
  const share = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    return state.zoom[0] + at * (state.zoom[1] - state.zoom[0]);
  };
  canvas.addEventListener('pointerdown', (event) => {
    begun = {x: event.clientX, at: share(event)};
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    state.at = under(canvas, event, layerOf());
    repaint();
  });
  canvas.addEventListener('pointerleave', () => { state.at = null; repaint(); });
  canvas.addEventListener('pointercancel', () => { begun = null; });
  canvas.addEventListener('pointerup', (event) => {
    if (!begun) return;
    if (Math.abs(event.clientX - begun.x) > 8) zoomTo(...[begun.at, share(event)].sort((a, b) => a - b));
    else pick(under(canvas, event, layerOf()));
    begun = null;
  });
  canvas.addEventListener('dblclick', () => zoomTo(0, 1));
};
const pressed = (event, layer) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;  // the browser's own keys
  const strip = data.strips[layer], now = (state.at?.layer === layer ? state.at
    : state.picked?.layer === layer ? state.picked : {neuron: 0}).neuron;
  const step = strip.width * (event.shiftKey ? 50 : 1), end = strip.neurons - 1;
  const moves = {ArrowRight: now + step, ArrowLeft: now - step, ArrowUp: nextChosen(strip, now, 1),
    ArrowDown: nextChosen(strip, now, -1), Home: 0, End: end};
  if (event.key in moves) {
    const neuron = Math.min(Math.max(moves[event.key], 0), end), place = (neuron + 0.5) / (end + 1);
    state.at = {layer, neuron};
    const [low, high] = state.zoom;
    if (place < low || place > high) zoomTo(place - (high - low) / 2, place + (high - low) / 2);
  } else if (event.key === 'Enter' || event.key === ' ') pick({layer, neuron: now});
  else if (event.key === '+') zoomBy(0.5);
  else if (event.key === '-') zoomBy(2);
  else if (event.key === '0') zoomTo(0, 1);
  else return;
  event.preventDefault();
  repaint();
};
// The next neuron that would be switched off, to the right or to the left.
const nextChosen = (strip, now, way) => {
  const count = chosenCount(settings().prune);
  for (let at = Math.floor(now / strip.width) + way; at >= 0 && at < strip.rank.length; at += way)
    if (strip.rank[at] < count) return at * strip.width + strip.peak[at];
  return now;
};

const table = (parent, caption, head, rows) => {
  const scroll = make('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
    parent);
  const whole = make('table', {}, scroll);
  make('caption', {}, whole, caption);
  const top = make('tr', {}, make('thead', {}, whole)), body = make('tbody', {}, whole);
  for (const cell of head) make('th', {scope: 'col'}, top, cell);
  for (const cells of rows) {
    const row = make('tr', {}, body);
    for (const cell of cells) if (cell instanceof Node) make('td', {}, row).append(cell);
    else make('td', {}, row, cell);
  }
};
// Only what the sliders say changes the tables: a repaint must not take a button from under a hand.
const fillTables = (count, open) => {
  const key = [count, settings().threshold].join();
  if (parts.tables.dataset.key === key) return;
  parts.tables.dataset.key = key;
  const off = offOf(count), weights = data.value.weights;
  parts.tables.replaceChildren();
  table(parts.tables, words.layer_table,
    [words.layer_head, words.off_head, words.highest_head, ...(weights?.groups || [])
      .map((group) => words.groups[group] || group)],
    data.strips.map((strip, k) => {
      const cells = open && open.cells[weights.layers.indexOf(strip.name)];
      return [strip.name, `${number(off[k])} / ${number(strip.neurons)}`,
        times(highest(strip.score, 0, strip.score.length)),
        ...(weights?.groups || []).map((_, group) => cells && cells[group][1]
          ? percent(cells[group][0] / cells[group][1]) : '–')];
    }));
  table(parts.tables, words.top_table, words.top_head, data.value.top.map((row, rank) => {
    const strip = data.strips[row.layer], at = Math.floor(row.neuron / strip.width);
    const show = make('button', {type: 'button',
      'aria-label': fill(words.show_label, {layer: strip.name, neuron: number(row.neuron)})}, null,
    words.show);
    show.addEventListener('click', () => pick({layer: row.layer, neuron: row.neuron}));
    return [rank + 1, strip.name, number(row.neuron), decimal(row.forget, 3), decimal(row.retain, 3),
      decimal(row.score, 2), strip.mean ? times(strip.mean[at]) : '–',
      rank < count ? words.pruned : words.kept, show];
  }));
};

// What the lab says of the picked neuron: a line while it looks, then HTML of its own making.
const fire = () => {
  if (state.firing) parts.firing.innerHTML = state.firing;
  else parts.firing.replaceChildren();
};
// Of what has the focus: its kind, and which one of that kind it is.
const focused = () => {
  const at = document.activeElement;
  return element.contains(at) ? [at.tagName, [...element.querySelectorAll(at.tagName)].indexOf(at)] : null;
};
const draw = () => {
  const value = props.value, had = focused();
  if (!element.querySelector('.lab-instrument')) return;
  if (!value?.layers) { data = null; element.querySelector('.lab-instrument').replaceChildren(); return; }
  const portrait = data?.value.portrait === value.portrait ? data.portrait : null;
  const opened = parts?.table?.open, more = parts?.more?.open;
  load(value);
  build();
  parts.table.open = Boolean(opened);
  parts.more.open = Boolean(more);
  if (had) element.querySelectorAll(had[0])[had[1]]?.focus({preventScroll: true});
  data.portrait = portrait;
  if (!portrait && value.portrait) {
    const image = new Image(), mine = data;
    image.onload = () => { mine.portrait = image; repaint(); };
    image.src = value.portrait;
  }
  paint();
};
document.addEventListener('lab-sliders', repaint);
document.addEventListener('lab-neuron', (event) => {
  state.firing = event.detail;
  if (data && parts) fire();
});
new ResizeObserver(repaint).observe(element);
// A change of theme changes the colours, which a canvas does not notice.
new MutationObserver(repaint).observe(document.body, {attributes: true, attributeFilter: ['class']});
draw();
watch('value', draw);
