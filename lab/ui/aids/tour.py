"""A tour of the page for a first visit: it can be left at any time, and is remembered."""

from __future__ import annotations

from typing import Any

from lab.report.text import Text

# Of each stop: the step that it opens, and what it points at.
STOPS = (
    (1, "#meet-people"),
    (1, "#glance"),
    (1, "#predict-1"),
    (2, "#idea-2"),
    (3, "#unlearn"),
    (4, "#ask-row"),
    (5, "#attack-row"),
    (6, "#my-runs"),
)

CSS = """
.lab-tour { position: fixed; z-index: 80; right: 16px; bottom: 56px; padding: 14px 16px;
  width: min(360px, calc(100vw - 32px)); border-radius: 10px; color: var(--body-text-color);
  background: var(--background-fill-primary); border: 2px solid var(--color-accent);
  box-shadow: 0 8px 28px rgb(0 0 0 / 0.3); }
.lab-tour p { margin: 0 0 10px; }
.lab-tour .keys, .lab-offer { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; }
.lab-tour button, .lab-offer button, .lab-sheet .lab-print { padding: 4px 12px; font-size: 0.875rem !important;
  font-weight: 400 !important; border-radius: 6px;
  cursor: pointer; color: var(--body-text-color); background: var(--background-fill-secondary);
  border: 1px solid var(--border-color-primary); min-height: 30px; }
.lab-tour .place { margin-right: auto; font-variant-numeric: tabular-nums;
  color: var(--body-text-color-subdued); }
.lab-offer { font-size: 0.9rem; margin: 4px 0; }
.lab-offer[hidden] { display: none; }
.lab-pointed { outline: 3px solid var(--color-accent) !important; outline-offset: 3px;
  border-radius: 6px; }
@media print { .lab-tour, .lab-offer { display: none !important; } }
"""

JS = """
(words) => {
  const KEY = 'lab-tour', stops = words.stops;
  const make = (tag, parent, text, name) => {
    const node = parent.appendChild(document.createElement(tag));
    if (text !== undefined) node.textContent = text;
    if (name) node.className = name;
    if (tag === 'button') node.type = 'button';
    return node;
  };
  let box = null, came = null, pointed = null;
  const point = (at) => {
    pointed?.classList.remove('lab-pointed');
    pointed = at;
    at?.classList.add('lab-pointed');
    at?.scrollIntoView({ block: 'center' });
  };
  const remember = () => {
    try { localStorage.setItem(KEY, 'seen'); } catch {}
    document.querySelectorAll('.lab-offer').forEach((offer) => { offer.hidden = true; });
  };
  const end = () => {
    point(null);
    box?.remove();
    box = null;
    // What started it is hidden by now, most often.
    const seen = (e) => e?.getClientRects().length ? e : null;
    (seen(came) ?? seen(document.querySelector('#more')))?.focus();
  };
  const show = (k) => {
    const [step, where, said] = stops[k];
    document.querySelectorAll('#steps > .tab-wrapper [role=tab]')[step - 1]?.click();
    box.replaceChildren();
    make('p', box, said);
    const keys = make('div', box, undefined, 'keys');
    make('span', keys, words.place.replace('{at}', k + 1).replace('{of}', stops.length), 'place');
    const back = k ? make('button', keys, words.back) : null;
    back?.addEventListener('click', () => show(k - 1));
    const last = k === stops.length - 1;
    const next = make('button', keys, last ? words.done : words.next);
    next.addEventListener('click', () => last ? end() : show(k + 1));
    if (!last) make('button', keys, words.end).addEventListener('click', end);
    const found = (tries) => {
      const at = document.querySelector(where);
      if (at?.getClientRects().length) point(at);
      else if (tries) setTimeout(() => found(tries - 1), 60);
      if (box) next.focus({ preventScroll: true });
    };
    found(10);
  };
  window.lab.tour = () => {
    remember();
    came = document.activeElement;
    box ??= document.body.appendChild(document.createElement('div'));
    box.className = 'lab-tour';
    box.setAttribute('role', 'dialog');
    box.setAttribute('aria-label', words.name);
    show(0);
  };
  document.addEventListener('keydown', (e) => { if (e.key === 'Escape' && box) end(); });
  window.lab.passes.push(() => {
    if (localStorage.getItem(KEY)) return;
    const head = document.querySelector('#idea-1 .lab-idea');
    if (!head || head.parentElement.querySelector('.lab-offer')) return;
    const offer = document.createElement('div');
    offer.className = 'lab-offer';
    make('span', offer, words.offer);
    make('button', offer, words.start).addEventListener('click', window.lab.tour);
    make('button', offer, words.no).addEventListener('click', remember);
    head.append(offer);
  });
}
"""


def words(text: Text) -> dict[str, Any]:
    """Return the words of the tour, with its stops: the step, what is pointed at, what is said."""
    return {
        "stops": [[*stop, said] for stop, said in zip(STOPS, text.TOUR, strict=True)],
        "name": text.TOUR_NAME,
        "offer": text.TOUR_OFFER,
        "start": text.TOUR_START,
        "no": text.TOUR_NO,
        "next": text.TOUR_NEXT,
        "back": text.TOUR_BACK,
        "end": text.TOUR_END,
        "done": text.TOUR_DONE,
        "place": text.TOUR_PLACE,
    }
