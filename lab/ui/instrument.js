// The instrument of step 2: everything that it shows follows from its value and from two sliders.
const make = (tag, attrs, parent, words) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attrs || {})) node.setAttribute(key, value);
  if (words !== undefined) node.textContent = words;
  if (parent) parent.appendChild(node);
  return node;
};
const state = {zoom: [0, 1], view: 'before', fisher: 'mean', open: null, at: null, picked: null,
  key: null, firing: ''};
const SILENT = 2500;
let data = null, parts = null, words = null, waiting = false;

const number = (n) => n.toLocaleString(document.documentElement.lang || 'en');
const decimal = (n, digits) => n.toLocaleString(document.documentElement.lang || 'en',
  {minimumFractionDigits: digits, maximumFractionDigits: digits});
const percent = (share) => share.toLocaleString(document.documentElement.lang || 'en',
  {style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1});
const fill = (line, given) => line.replace(/\{(\w+)\}/g, (_, key) => given[key]);
const times = (log) => {
  if (log === undefined || log === NOTHING) return '–';
  const ratio = 10 ** (log / 1000);
  return ratio >= 100 ? number(Math.round(ratio)) : decimal(ratio, ratio < 10 ? 2 : 1);
};
// As Python rounds: half to even, so that the count is the engine's.
const rounded = (x) => {
  const low = Math.floor(x), rest = x - low;
  return rest > 0.5 || rest === 0.5 && low % 2 ? low + 1 : low;
};
const settings = () => ({prune: data.value.prune, threshold: data.value.threshold,
  ...(window.labSliders || {})});
// What a median must reach; a hair less, for float32 is not exact.
const levelOf = (threshold) => Math.log10(threshold) * 1000 - 0.01;
const chosenCount = (share) => rounded(share * data.value.total);
const offOf = (count) => {
  const off = new Array(data.strips.length).fill(0);
  for (let i = 0; i < count; i++) off[data.order[i]]++;
  return off;
};
// For any threshold: how many weights of each layer and group lie at or above it, and of how many.
const openOf = (threshold) => {
  const weights = data.value.weights;
  if (!weights) return null;
  const bins = weights.edges.length, groups = weights.groups.length;
  const at = weights.edges.findIndex((edge) => edge >= Math.log10(threshold) - 1e-6);
  const cells = weights.layers.map((_, layer) => weights.groups.map((_, group) => {
    const first = (layer * groups + group) * bins;
    return [at < 0 ? 0 : data.above[first + at], data.above[first]];
  }));
  const sum = (k) => cells.flat().reduce((total, cell) => total + cell[k], 0);
  return {cells, inside: sum(0), all: sum(1)};
};
const nearest = (stops, value, logs) => stops.reduce((best, stop, k) => {
  const far = (s) => Math.abs(logs ? Math.log(s / value) : s - value);
  return far(stop) < far(stops[best]) - 1e-9 ? k : best;
}, 0);

const load = (value) => {
  data = {value, strips: value.layers.map(readStrip), order: unpack(value.order, 'u1'),
    above: value.weights && unpack(value.weights.above, 'u4'),
    shared: value.shared && unpack(value.shared, 'u4')};
  for (const end of ['', '_after']) {
    for (const name of ['glow', 'source']) data[name + end] = readMaps(value[name + end]);
  }
  words = value.words;
  if (state.key !== value.key) {
    const off = offOf(chosenCount(settings().prune));
    Object.assign(state, {zoom: [0, 1], view: 'before', at: null, picked: null, key: value.key,
      firing: '', open: off.indexOf(Math.max(...off))});
  }
  if (state.wanted && value.after) state.view = state.wanted;
  if (value.after) state.wanted = null;
  else if (state.view !== 'before') state.view = 'before';
};

const end = () => state.view === 'before' ? '' : '_after';
// What a strip's two lanes show in the chosen view.
const lanesOf = (strip) => {
  const names = ['score', state.fisher];
  if (state.view === 'before') return names.map((name) => strip[name]);
  if (state.view === 'after') return names.map((name) => strip[name + '_after']);
  return names.map((name) => strip[name] && changes(strip[name], strip[name + '_after']));
};
// The lanes of all strips and what is drawn at full height, worked out once for each view. A neuron
// that fell silent fell further than any other, so it does not count there.
const drawnNow = () => {
  const key = [state.view, state.fisher].join();
  if (data.drawn?.key !== key) {
    const lanes = data.strips.map(lanesOf), change = state.view === 'change';
    const scale = [0, 1].map((lane) => {
      let most = 300;
      for (const {[lane]: values} of lanes) for (const v of values || [])
        if (Math.abs(v) < SILENT) most = Math.max(most, change ? Math.abs(v) : v);
      return most;
    });
    data.drawn = {key, lanes, scale};
  }
  return data.drawn;
};
const colours = () => {
  const style = getComputedStyle(parts.root);
  const of = (name) => pixelOf(style.getPropertyValue(name).trim());
  return {kept: of('--lab-kept'), mine: of('--lab-mark'), theirs: of('--lab-line-0'),
    band: of('--lab-band'), line: of('--lab-line-2'), cursor: style.color};
};

const paint = () => {
  waiting = false;
  if (!data || !parts || !parts.root.isConnected || !parts.root.clientWidth) return;
  const begun = performance.now(), {prune, threshold} = settings();
  const count = chosenCount(prune), off = offOf(count), open = openOf(threshold);
  const drawn = drawnNow(), many = data.strips.length, half = many > 12 ? 12 : many > 6 ? 18 : 32;
  const look = {zoom: state.zoom, count, level: levelOf(threshold), half,
    band: data.shared ? 13 : 9, signed: state.view === 'change', colours: colours(),
    scale: drawn.scale};
  data.strips.forEach((strip, k) => {
    const [pen, width, height] = paintStrip(parts.strips[k], strip, drawn.lanes[k], look);
    for (const [place, picked] of [[state.at, false], [state.picked, true]])
      if (place?.layer === k)
        paintCursor(pen, width, height, strip, state.zoom, place.neuron, look.colours.cursor, picked);
    const own = open && open.cells[data.value.weights.layers.indexOf(strip.name)];
    const share = own && own.reduce((s, c) => s + c[0], 0) / own.reduce((s, c) => s + c[1], 0);
    const line = fill(own ? words.layer_both : words.layer,
      {off: number(off[k]), size: number(strip.neurons), share: own ? percent(share) : ''});
    parts.openers[k].title = `${line}. ${words.open_layer}`;
  });
  paintOpened(look);
  paintPlaces(prune, threshold, count);
  say(count, open, look);
  parts.root.dataset.ms = (performance.now() - begun).toFixed(1);
};
const repaint = () => {
  if (!waiting) { waiting = true; requestAnimationFrame(paint); }
};

// A layer's weights; they are unpacked when the layer is opened, for all of them are the most of it.
const pictureOf = (layer) => {
  const all = data.value['pictures' + end()], packed = all[layer], key = end() + layer;
  if (packed && data.picture?.key !== key) data.picture = {...packed, key,
    fill: unpack(packed.fill, 'i2'), mark: unpack(packed.mark, 'i2')};
  return packed && data.picture;
};
const paintOpened = (look) => {
  const picture = pictureOf(state.open), strip = data.strips[state.open];
  parts.opened.hidden = !picture;
  parts.openers.forEach((button, k) => button.setAttribute('aria-pressed', k === state.open));
  if (!picture) return;
  const range = [-100, 100];
  const [pen, width, height] = paintWeights(parts.weights, picture, strip.neurons,
    {zoom: state.zoom, level: look.level / 10 - 0.5, range});
  for (const [place, picked] of [[state.at, false], [state.picked, true]])
    if (place?.layer === state.open)
      paintCursor(pen, width, height, strip, state.zoom, place.neuron, look.colours.cursor, picked);
  parts.openedName.textContent = fill(words.weights_of, {layer: strip.name});
  parts.weights.setAttribute('aria-label', fill(words.weights_label, {layer: strip.name}));
};
const paintPlaces = (prune, threshold, count) => {
  const sides = [[data['glow' + end()], prune, false], [data['source' + end()], threshold, true]];
  sides.forEach(([maps, value, logs], k) => {
    const {figure, canvas, caption} = parts.places[k];
    figure.hidden = !maps || !data.portrait;
    if (figure.hidden) return;
    const at = nearest(maps.stops, value, logs), size = maps.side ** 2;
    const key = [state.key, k, at, end()].join();
    if (canvas.dataset.key !== key) {
      paintHeat(canvas, data.portrait, maps.side, maps.maps.subarray(at * size, (at + 1) * size));
      canvas.dataset.key = key;
    }
    const line = (end() ? words.now + ' ' : '') + (k ? words.source : words.glow);
    caption.textContent = line;
    const exact = fill(k ? words.source_at : words.glow_at, {count: number(count), stop: maps.stops[at]});
    canvas.setAttribute('aria-label', `${line}. ${exact}`);
    canvas.title = exact;
  });
};

const figuresOf = (strip, neuron) => {
  const at = Math.floor(neuron / strip.width);
  return {at, first: at * strip.width, end: Math.min((at + 1) * strip.width, strip.neurons)};
};
const describe = ({layer, neuron}) => {
  const strip = data.strips[layer], {at, first, end} = figuresOf(strip, neuron);
  const {prune, threshold} = settings(), count = chosenCount(prune);
  const name = end - first > 1 ? fill(words.neurons, {first: number(first), last: number(end - 1)})
    : fill(words.neuron, {neuron: number(neuron)});
  const said = [fill(words.importance_is, {person: data.value.person, times: times(strip.score[at])})];
  if (strip.mean) said.push(strip.mean[at] === NOTHING ? words.no_fisher
    : fill(words.fisher_is, {mean: times(strip.mean[at]), most: times(strip.most[at])}));
  if (strip.score_after) said.push(fill(words.after_is, {times: times(strip.score_after[at])}));
  said.push(strip.rank[at] < count ? words.off : words.on);
  if (strip.median && strip.median[at] !== NOTHING) said.push(strip.median[at] >= levelOf(threshold) ? words.open
    : words.shut);
  if (strip.other) said.push(strip.other[at] < count ? fill(words.theirs, data.value) : '');
  return `${strip.name}, ${name}: ${said.filter(Boolean).join('; ')}.`;
};
const say = (count, open, look) => {
  const {total, other} = data.value;
  let line = fill(words.count, {count: number(count), total: number(total)});
  if (open) line += ' ' + fill(words.density, {share: percent(open.inside / Math.max(open.all, 1)),
    all: number(open.all)});
  if (parts.count.textContent !== line) parts.count.textContent = line;
  parts.shared.hidden = !data.shared;
  if (data.shared) {
    let both = 0;
    while (both < data.shared.length && data.shared[both] < count) both++;
    parts.shared.textContent = fill(words.shared, {other, person: data.value.person,
      both: number(both), count: number(count), total: number(total),
      chance: decimal(count * count / total, 1)});
  }
  const {picked, at} = state;
  parts.read.textContent = at || picked ? describe(at || picked) : words.read;
  const zoomed = state.zoom[0] > 0 || state.zoom[1] < 1;
  const full = (lane) => number(Math.round(10 ** (look.scale[lane] / 1000) * 10) / 10);
  parts.axis.textContent = fill(zoomed ? words.axis_part : words.axis_all, {
    first: decimal(100 * state.zoom[0], 1), last: decimal(100 * state.zoom[1], 1)});
  parts.scale.textContent = fill(look.signed ? words.scale_change : words.scale,
    {importance: full(0), fisher: full(1)});
  data.strips.forEach((strip, k) => {
    const neuron = (at?.layer === k ? at : picked?.layer === k ? picked : {neuron: 0}).neuron;
    parts.strips[k].setAttribute('aria-valuenow', neuron);
    parts.strips[k].setAttribute('aria-valuetext', describe({layer: k, neuron}));
  });
  if (parts.table.open) fillTables(count, open);
};
