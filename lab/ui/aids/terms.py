"""Every term of the field explained where it stands first: on hover, on focus and on a tap."""

from __future__ import annotations

from typing import Any

from lab.report.text import Text

CSS = """
.lab-term { all: unset; cursor: help; text-decoration: underline dotted;
  text-underline-offset: 2px; text-decoration-color: var(--body-text-color-subdued); }
.lab-term:focus-visible { outline: 2px solid var(--color-accent); outline-offset: 1px; }
#lab-tip { position: fixed; z-index: 90; max-width: min(320px, calc(100vw - 24px)); padding: 8px 12px;
  font-size: 0.875rem; line-height: 1.4; border-radius: 6px; color: #f8fafc; background: #1e293b;
  border: 1px solid #64748b; box-shadow: 0 4px 16px rgb(0 0 0 / 0.3); }
#lab-tip[hidden], #lab-terms { display: none; }
@media print {
  .lab-term { display: inline !important; text-decoration: none; }
  #lab-tip { display: none; }
}
"""

# Only the server's own HTML is marked, inside elements that are replaced as a whole: what Gradio
# draws itself it also updates piece by piece. A term is marked once a step, so that Tab stays short.
JS = """
(words) => {
  const SKIP = 'button, a, label, summary, legend, input, select, textarea, svg, canvas, code, pre,'
    + ' h1, h2, script, style, output, .lab-people, .lab-card, .lab-chart, .lab-tour, .lab-answer';
  const terms = Object.entries(words.terms);
  const byWord = new Map(terms.flatMap(([id, [said]]) => said.map((w) => [w, id])));
  const any = [...byWord.keys()].sort((a, b) => b.length - a.length)
    .map((w) => w.replace(/[.*+?^${}()|[\\]\\\\]/g, '\\\\$&')
      .replace(/^[a-z](?=.)/, (c) => `[${c}${c.toUpperCase()}]`));
  // What a word may go on with; \\\\w alone would end one at an umlaut.
  const letter = '[\\\\p{L}\\\\p{N}_-]';
  const found = new RegExp(`(?<!${letter})(${any.join('|')})(?!${letter}|\\\\.\\\\w)`, 'gu');
  const idOf = (w) => byWord.get(w) ?? byWord.get(w[0].toLowerCase() + w.slice(1));

  const store = document.createElement('div');
  store.id = 'lab-terms';
  terms.forEach(([id, [, meaning]]) => {
    const one = document.createElement('span');
    one.id = `lab-term-${id}`;
    one.textContent = meaning;
    store.append(one);
  });
  const tip = document.createElement('div');
  tip.id = 'lab-tip';
  tip.hidden = true;
  tip.setAttribute('role', 'tooltip');
  document.body.append(store, tip);

  let at = null;
  const hide = () => { tip.hidden = true; at = null; };
  const show = (term) => {
    at = term;
    tip.textContent = words.terms[term.dataset.term][1];
    tip.hidden = false;
    const place = term.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(12, place.left), innerWidth - own.width - 12);
    const below = place.bottom + 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${below + own.height < innerHeight - 50 ? below : place.top - own.height - 8}px`;
  };
  const over = (event) => event.target.closest?.('.lab-term');
  document.addEventListener('focusin', (e) => over(e) ? show(over(e)) : hide());
  document.addEventListener('mouseover', (e) => {
    if (over(e)) show(over(e));
    else if (at && at !== document.activeElement && !e.target.closest?.('#lab-tip')) hide();
  });
  document.addEventListener('click', (e) => { if (over(e)) show(over(e)); else hide(); });
  document.addEventListener('keydown', (e) => { if (e.key === 'Escape') hide(); });
  // Tab may scroll to a term: its meaning goes along with it.
  document.addEventListener('scroll', () => {
    if (at?.isConnected && at === document.activeElement) show(at);
    else hide();
  }, true);

  const button = (word, id) => {
    const one = document.createElement('button');
    one.type = 'button';
    one.className = 'lab-term';
    one.dataset.term = id;
    one.textContent = word;
    one.setAttribute('aria-describedby', `lab-term-${id}`);
    return one;
  };
  const mark = (panel) => {
    const here = new Set([...panel.querySelectorAll('.lab-term')].map((t) => t.dataset.term));
    for (const root of panel.querySelectorAll('.html-container')) {
      const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), nodes = [];
      while (walk.nextNode()) nodes.push(walk.currentNode);
      for (let node of nodes) {
        const parent = node.parentElement;
        if (!parent || parent.closest(SKIP) || parent.closest('details:not([open])')) continue;
        const first = () => [...node.data.matchAll(found)].find((m) => !here.has(idOf(m[0])));
        let match;
        while ((match = first())) {
          const id = idOf(match[0]);
          here.add(id);
          const rest = node.splitText(match.index);
          node = rest.splitText(match[0].length);
          rest.replaceWith(button(match[0], id));
        }
      }
    }
  };
  const open = () => document.querySelectorAll('#steps [role=tabpanel], #facts').forEach((part) => {
    if (part.getClientRects().length) mark(part);
  });
  window.lab.passes.push(open);
}
"""


def words(text: Text) -> dict[str, Any]:
    """Return what the script needs: by the name of a term its words and its meaning."""
    return {"terms": {name: [list(said), told] for name, (said, told) in text.GLOSSARY.items()}}
