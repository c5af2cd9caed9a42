(() => {
const words = JSON.parse(document.getElementById('words').textContent);
const byId = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const query = new URLSearchParams(location.search);
const system = matchMedia('(prefers-color-scheme: dark)');
const dress = () => {
  const theme = query.get('__theme') || kept('lab-theme') || 'auto';
  document.documentElement.classList.toggle(
    'dark', theme === 'dark' || theme !== 'light' && system.matches);
};
dress();
system.addEventListener('change', dress);
addEventListener('storage', dress);

// The board may stand below a proxy's folder, and its language's folder need not be in the address.
const home = location.pathname.replace(/\/board\/?$/, '');
const base = words.root && home.endsWith(words.root) ? home.slice(0, -words.root.length) : home;
const items = new Map();
let token = '', view = location.hash === '#back' ? 'back' : 'kept', asked = false, fresh = [];

const make = (tag, attrs, parent, text) => {
  const node = tag.startsWith('svg:') ? document.createElementNS(SVG, tag.slice(4))
    : document.createElement(tag);
  for (const [key, value] of Object.entries(attrs || {})) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  parent?.appendChild(node);
  return node;
};

// Every method has a sign, so that they are told apart without colour.
const corners = (n, r, turn = 0, inner = 1) => 'M' + [...Array(n)].map((_, k) => {
  const angle = 2 * Math.PI * k / n - Math.PI / 2 + turn, far = k % 2 ? r * inner : r;
  return `${(far * Math.cos(angle)).toFixed(2)} ${(far * Math.sin(angle)).toFixed(2)}`;
}).join('L') + 'Z';
const plus = (r) => {
  const a = r * 0.38;
  return `M${-a} ${-r}H${a}V${-a}H${r}V${a}H${a}V${r}H${-a}V${a}H${-r}V${-a}H${-a}Z`;
};
const SIGNS = {
  circle: (r) => `M${-r} 0A${r} ${r} 0 1 0 ${r} 0A${r} ${r} 0 1 0 ${-r} 0Z`,
  square: (r) => corners(4, r * 1.15, Math.PI / 4),
  diamond: (r) => corners(4, r * 1.2),
  x: (r) => plus(r * 1.15),
  'triangle-up': (r) => corners(3, r * 1.25),
  cross: (r) => plus(r * 1.15),
  star: (r) => corners(10, r * 1.3, 0, 0.45),
  hexagon: (r) => corners(6, r * 1.1),
  bowtie: (r) => `M${-r} ${-r}L${r} ${r}V${-r}L${-r} ${r}Z`,
  pentagon: (r) => corners(5, r * 1.15),
  'triangle-down': (r) => corners(3, r * 1.25, Math.PI),
  hourglass: (r) => `M${-r} ${-r}H${r}L${-r} ${r}H${r}Z`,
  'star-diamond': (r) => corners(8, r * 1.4, 0, 0.4),
};
const sign = (run, r, parent) => {
  const shape = make('svg:path', {class: 'sign', d: SIGNS[run.symbol](r), fill: run.color}, parent);
  if (run.symbol === 'x') shape.setAttribute('transform', 'rotate(45)');
  return shape;
};

const runs = () => [...items].filter(([key]) => key.startsWith('run '))
  .map(([key, run]) => ({...run, id: key.slice(4)})).sort((a, b) => a.ended - b.ended);
const link = (run) => `./?run=${encodeURIComponent(run.id)}&step=4`;
const percent = (share) => `${Math.round(100 * share)} %`;
// What should stay lies near the top: the axis begins as high as all runs allow, and says so.
const lowest = (values) => [0.9, 0.8, 0.5].find((low) => values.every((v) => v > low + 0.02)) || 0;

const tip = byId('tip');
const showTip = (run, at) => {
  tip.replaceChildren();
  make('b', {}, tip, run.title);
  run.words.forEach((line) => make('div', {}, tip, line));
  tip.hidden = false;
  const box = tip.getBoundingClientRect(), spot = at.getBoundingClientRect();
  const beside = spot.right + 10 + box.width > innerWidth ? spot.left - 10 - box.width : spot.right + 10;
  tip.style.left = `${Math.max(4, beside)}px`;
  tip.style.top = `${Math.max(4, Math.min(innerHeight - box.height - 4, spot.top))}px`;
};
const hideTip = () => { tip.hidden = true; };
addEventListener('keydown', (event) => { if (event.key === 'Escape') hideTip(); });

// Runs that lie on one another are moved apart a little, so that each can be seen and clicked.
const apart = (spots, r) => {
  const placed = [];
  for (const spot of spots) {
    let [x, y] = [spot.x, spot.y];
    for (let k = 1; k < 80 && placed.some((p) => Math.hypot(p[0] - x, p[1] - y) < 1.9 * r); k += 1) {
      const far = 1.1 * r * Math.sqrt(k), angle = 2.4 * k;
      x = Math.min(spot.right, Math.max(spot.left, spot.x + far * Math.cos(angle)));
      y = Math.min(spot.bottom, Math.max(spot.top, spot.y + far * Math.sin(angle)));
    }
    placed.push([x, y]);
  }
  return placed;
};

const axes = (svg, place, low, letter) => {
  const {left, right, top, bottom, x, y} = place;
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    make('svg:line', {class: 'grid', x1: x(share), x2: x(share), y1: top, y2: bottom}, svg);
    make('svg:text', {x: x(share), y: bottom + 1.3 * letter, 'text-anchor': 'middle'}, svg, percent(share));
    const height = low + share * (1 - low);
    make('svg:line', {class: 'grid', x1: left, x2: right, y1: y(height), y2: y(height)}, svg);
    make('svg:text', {x: left - 8, y: y(height) + letter / 3, 'text-anchor': 'end'}, svg,
      low > 0.85 ? `${(100 * height).toFixed(1).replace('.', words.decimal)} %` : percent(height));
  }
  make('svg:text', {x: (left + right) / 2, y: bottom + 2.7 * letter, 'text-anchor': 'middle'}, svg,
    words.axes.across);
};

const levels = (svg, place, low, letter) => {
  const {left, right, top, bottom, x, y} = place, found = items.get('levels');
  found.across.forEach((level, k) => {
    const at = x(level.at), turned = level.at > 0.6;
    make('svg:line', {class: 'level', x1: at, x2: at, y1: top, y2: bottom,
      'stroke-dasharray': k ? '2 6' : '10 6'}, svg);
    make('svg:text', {class: 'halo', x: at + (turned ? -6 : 6), y: bottom - letter * (0.6 + 1.3 * k),
      'text-anchor': turned ? 'end' : 'start'}, svg, level.words);
  });
  (found[view] || []).forEach((level, k) => {
    if (level.at < low) return;  // the caption says where it is
    make('svg:line', {class: 'level', x1: left, x2: right, y1: y(level.at), y2: y(level.at),
      'stroke-dasharray': k ? '2 6' : '10 6'}, svg);
    make('svg:text', {class: 'halo', x: right - 6, y: y(level.at) - 6, 'text-anchor': 'end'}, svg,
      level.words);
  });
  const best = view === 'kept' ? top + 1.4 * letter : bottom - letter * 3.4;
  make('svg:text', {class: 'quiet halo', x: left + 8, y: best}, svg, words.best);
  if (view !== 'kept') return;
  found.originals.filter((o) => o[1] >= low).forEach((o, k) => {
    make('svg:circle', {class: 'original', cx: x(o[0]), cy: y(o[1]), r: 0.75 * letter}, svg);
    if (!k) make('svg:text', {class: 'quiet halo', x: x(o[0]) - letter, y: y(o[1]) + 1.9 * letter,
      'text-anchor': 'end'}, svg, words.original);
  });
};

// What the upright axis shows, and what lies below where it begins.
const caption = (low) => {
  const below = (items.get('levels')[view] || []).filter((level) => level.at < low);
  return [words.axes[view], ...(low ? [words.begins.replace('{share}', percent(low))] : []),
    ...below.map((level) => `${level.words} ${percent(level.at)}`)].join(' · ');
};

const draw = () => {
  const all = runs(), shown = all.filter((run) => run[view] !== null);
  const chart = byId('chart'), empty = byId('empty');
  chart.hidden = byId('axis').hidden = !shown.length;
  empty.hidden = !asked || Boolean(shown.length);
  empty.replaceChildren();
  if (!shown.length) {
    (all.length ? words.unattacked : words.none).forEach((line) => make('p', {}, empty, line));
    return;
  }
  chart.replaceChildren();
  const width = chart.clientWidth, height = chart.clientHeight;
  const letter = parseFloat(getComputedStyle(document.documentElement).fontSize), r = letter * (width < 600 ? 0.45 : 0.62);
  const place = {left: 4 * letter, right: width - 1.2 * letter, top: 0.6 * letter, bottom: height - 3.2 * letter};
  const found = items.get('levels');
  const low = view === 'kept'
    ? lowest([...shown.map((run) => run.kept), ...found.originals.map((o) => o[1])]) : 0;
  place.x = (share) => place.left + (place.right - place.left) * (share + 0.02) / 1.04;
  place.y = (share) => place.bottom - (place.bottom - place.top) * ((share - low) / (1 - low) + 0.02) / 1.06;
  byId('axis').textContent = caption(low);
  const svg = make('svg:svg', {role: 'group', 'aria-label': words.axes[view]}, chart);
  axes(svg, place, low, letter);
  levels(svg, place, low, letter);
  const room = {left: place.left + r, right: place.right - r, top: place.top + r, bottom: place.bottom - r};
  const spots = apart(shown.map((run) => ({x: place.x(run.forgot), y: place.y(run[view]), ...room})), r);
  shown.forEach((run, k) => {
    const to = make('svg:a', {href: link(run), target: '_blank', rel: 'noopener', 'data-run': run.id,
      'aria-label': [run.title, ...run.words].join('. '), class: fresh.includes(run.id) ? 'new' : '',
      transform: `translate(${spots[k][0].toFixed(1)} ${spots[k][1].toFixed(1)})`}, svg);
    make('svg:circle', {class: 'ring', r: Math.max(1.7 * r, 12)}, to);
    sign(run, r, to);
    ['pointerenter', 'focus'].forEach((name) => to.addEventListener(name, () => showTip(run, to)));
    ['pointerleave', 'blur'].forEach((name) => to.addEventListener(name, hideTip));
  });
};

const drawSigns = (all) => {
  const box = byId('signs');
  box.replaceChildren();
  for (const [method, run] of new Map(all.map((run) => [run.method, run]))) {
    const entry = make('span', {}, box);
    sign(run, 8, make('svg:svg', {viewBox: '-12 -12 24 24', 'aria-hidden': 'true'}, entry));
    make('span', {}, entry, method);
  }
};

let shownRanks = '';
const drawAll = () => {
  const all = runs();
  byId('count').textContent = all.length ? words.count.replace('{count}', all.length) : '';
  drawSigns(all);
  byId('side').hidden = !all.length;
  const ranked = items.get('challenges') || '';
  if (ranked !== shownRanks) {
    const rules = () => [...byId('challenges').querySelectorAll('details')];
    const open = rules().map((rule) => rule.open);
    byId('challenges').innerHTML = ranked;
    rules().forEach((rule, k) => { rule.open = Boolean(open[k]); });
    shownRanks = ranked;
  }
  const notes = byId('notes');
  notes.replaceChildren();
  (items.get('notes') || []).forEach((line) => make('p', {}, notes, line));
  const list = byId('rows').querySelector('ul');
  byId('rows').hidden = !all.length;
  list.replaceChildren();
  all.forEach((run) => {
    const row = make('li', {}, list);
    make('a', {href: link(run), target: '_blank', rel: 'noopener'}, row, run.title);
    make('span', {}, row, `: ${run.words.join(' ')}`);
  });
  draw();
};

const take = (news) => {
  hideTip();
  const before = new Set(runs().map((run) => run.id));
  if (news.whole) items.clear();
  news.gone.forEach((key) => items.delete(key));
  Object.entries(news.set).forEach(([key, value]) => items.set(key, value));
  token = news.token;
  const added = runs().filter((run) => !before.has(run.id));
  if (asked && added.length) {
    fresh = added.map((run) => run.id);
    byId('said').textContent = words.new.replace('{run}', added.map((run) => run.title).join(', '));
  }
  asked = true;
  drawAll();
};

let due = 0, heard = Date.now();
const say = (silent) => {
  const line = byId('silent'), time = new Date(heard).toLocaleTimeString(document.documentElement.lang);
  line.hidden = !silent;
  line.textContent = silent ? words.silent.replace('{time}', time) : '';
};
const ask = async () => {
  clearTimeout(due);
  if (!document.hidden) {
    try {
      const answer = await fetch(`${base}${words.news}?since=${token}`, {cache: 'no-store'});
      if (!answer.ok) throw new Error(answer.status);
      if (answer.status === 200) take(await answer.json());
      heard = Date.now();
      say(false);
    } catch { say(true); }
  }
  due = setTimeout(ask, 1000 * words.seconds);
};
document.addEventListener('visibilitychange', () => { if (!document.hidden) ask(); });

const choose = (name) => {
  view = name;
  document.querySelectorAll('#views button').forEach((button) =>
    button.setAttribute('aria-pressed', button.dataset.view === view));
  history.replaceState(null, '', `#${view}`);
  hideTip();
  draw();
};
byId('views').addEventListener('click', (event) => {
  if (event.target.dataset.view) choose(event.target.dataset.view);
});
choose(view);
new ResizeObserver(() => { if (asked) draw(); }).observe(byId('plot'));
ask();
})();
