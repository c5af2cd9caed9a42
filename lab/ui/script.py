"""What the page does in the browser alone: steps and history, focus, panel, theme, questions."""

from __future__ import annotations

import json

from lab.report.text import Text

# A step is in the address, so that Back, Forward and a reload find it. ``arrived`` is called by
# Gradio, at the start too and sometimes late: only the step that is really open counts.
PAGE_JS = """
() => {
  // Gradio tells every part that any handler ever touched how each handler is doing, and looks for
  // each of them in the whole page: most of what a page did. Hidden progress is shown by none of them.
  const entries = Object.entries, unseen = ([, told]) =>
    told?.show_progress === 'hidden' && 'component_id' in told && 'fn_index' in told;
  Object.entries = (of) => { const all = entries(of); return all.every(unseen) ? [] : all; };

  const tabs = () => [...document.querySelectorAll('#steps > .tab-wrapper [role=tab]')];
  const isOpen = (tab) => tab?.getAttribute('aria-selected') === 'true';
  const open = (n) => tabs()[n - 1]?.click();
  const inAddress = () => Number((location.hash.match(/^#step-([1-6])$/) || [])[1]) || 0;
  // Whole, because a hash alone would be put behind the page's base and drop what is asked.
  const address = (n) => { const url = new URL(location.href); url.hash = `step-${n}`; return url; };
  const lab = window.lab = { ready: false }, asked = new URLSearchParams(location.search);
  const lost = () => {
    const now = document.activeElement;
    return !now || now === document.body || now.getClientRects().length === 0;
  };
  const focusStep = (n) => setTimeout(() => {
    const head = document.querySelector(`#idea-${n} h2`);
    if (!head || !lost()) return;
    window.scrollTo(0, 0);
    head.focus({ preventScroll: true });
  }, 60);
  lab.arrived = (n) => {
    if (!lab.ready || !isOpen(tabs()[n - 1])) return;
    try { localStorage.setItem('lab-open-step', n); } catch {}
    if (inAddress() !== n) history.pushState(null, '', address(n));
    focusStep(n);
  };
  lab.mark = (done) => tabs().forEach((tab, i) => {
    const is = done.includes(i + 1);
    tab.classList.toggle('lab-done', is);
    if (is) tab.setAttribute('aria-label', tab.innerText.trim() + DONE);
    else tab.removeAttribute('aria-label');
  });
  window.addEventListener('popstate', () => open(inAddress() || 1));
  const start = (tries) => {
    if (!tabs().length) return tries && setTimeout(() => start(tries - 1), 50);
    const linked = Number((asked.get('step')?.match(/^[1-6]$/) || [])[0]);
    const first = inAddress() || linked || Number(localStorage.getItem('lab-open-step')) || 1;
    if (first !== 1) open(first);
    history.replaceState(null, '', address(first));
    setTimeout(() => {
      lab.ready = true;
      const now = tabs().findIndex(isOpen) + 1;
      if (now !== first) lab.arrived(now);  // opened by the visitor meanwhile
    }, 200);
  };
  start(400);

  const dark = (on) => document.body.classList.toggle('dark', on);
  lab.theme = (name) => {
    localStorage.setItem('lab-theme', name);
    dark(name === 'dark' || name === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  };
  // Paper is white: what is printed is in the light theme.
  let wasDark = false;
  const paper = (on) => {
    document.documentElement.classList.toggle('lab-paper', on);
    if (on) wasDark ||= document.body.classList.contains('dark');
    if (wasDark) dark(!on);
    if (!on) wasDark = false;
  };
  matchMedia('print').addEventListener('change', (event) => paper(event.matches));
  window.addEventListener('beforeprint', () => paper(true));
  window.addEventListener('afterprint', () => paper(false));
  const theme = localStorage.getItem('lab-theme');
  if (theme && !asked.has('__theme')) lab.theme(theme);
  for (const name of ['board', 'embed'])
    document.documentElement.classList.toggle(`lab-${name}`, asked.has(name));

  const more = () => document.querySelector('#more'), panel = () => document.querySelector('#panel');
  lab.panel = (on) => {
    const is = on ?? !panel().classList.contains('lab-open');
    panel().classList.toggle('lab-open', is);
    more().setAttribute('aria-expanded', is);
    if (is) panel().querySelector('button, input')?.focus();
  };
  const named = () => {
    if (!more()) return setTimeout(named, 50);
    more().setAttribute('aria-label', MORE);
    more().setAttribute('aria-expanded', 'false');
    more().setAttribute('aria-controls', 'panel');
  };
  named();
  const resized = (selector, then, tries = 400) => {  // now, and whenever its size changes
    const part = document.querySelector(selector);
    if (part) new ResizeObserver(() => then(part)).observe(part);
    else if (tries) setTimeout(() => resized(selector, then, tries - 1), 50);
  };
  // The line of status covers the lower edge: what is scrolled into view stops above it.
  resized('#foot', (line) => {
    const height = `${line.offsetHeight}px`, page = document.documentElement.style;
    page.scrollPaddingBottom = height;
    page.setProperty('--lab-foot', height);
  });
  // A plot that came while its step was closed or folded had no width then. Whatever opens changes
  // the height of the steps, and plots fit themselves when the window says that its size changed.
  const unfit = (plot) => plot.clientWidth && plot._fullLayout
    && Math.abs(plot.clientWidth - plot._fullLayout.width) > 1;
  resized('#steps', (steps) => {
    if ([...steps.querySelectorAll('.js-plotly-plot')].some(unfit))
      window.dispatchEvent(new Event('resize'));
  });
  // Which question was sent last. Not by Gradio: what waits for an answer it sends once more as the
  // first that came, and whoever read the question then would read that one's.
  const sent = (event) => {
    const by = event.target.closest?.('.lab-suggested button, #ask, #question');
    if (!by || (event.type === 'click' ? by.id === 'question' : event.key !== 'Enter')) return;
    lab.posed = by.closest('.lab-suggested') && by.innerText.trim();
  };
  for (const kind of ['click', 'keydown']) document.addEventListener(kind, sent, true);
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !panel()?.classList.contains('lab-open')) return;
    lab.panel(false);
    more().focus();
  });
  document.addEventListener('click', (event) => {
    if (panel()?.classList.contains('lab-open') && !event.target.closest('#panel, #more, [role=listbox]'))
      lab.panel(false);
  });
}
"""


def page_js(text: Text) -> str:
    """Return the script that runs once when the page has loaded."""
    words = {"DONE": f" {text.TAB_DONE}", "MORE": text.MORE_PANEL}
    script = PAGE_JS
    for name, value in words.items():
        script = script.replace(name, json.dumps(value))
    return script


def arrived_js(step: int) -> str:
    """Return the script that runs when a step was opened, by whatever way."""
    return f"() => window.lab?.arrived({step})"
