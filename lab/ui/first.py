"""What is on screen before the page's scripts have come: the recorded example at a glance.

It lies in the page itself and over it, and goes when the same glance is drawn by the page.
"""

from __future__ import annotations

from html import escape

import gradio as gr

from lab.report.text import Text
from lab.ui.style import COLOURS, GLANCE

# Colours of the theme, which comes later than this.
STYLE = """
#lab-first { --border-color-primary: #e2e8f0; --body-text-color-subdued: #475569; --ink: #1e293b;
  position: fixed; inset: 0; z-index: 100; overflow: auto; padding: 12px 16px; color: var(--ink);
  background: #fff; font: 16px/1.5 system-ui, sans-serif; }
#lab-first.dark { --border-color-primary: #334155; --body-text-color-subdued: #cbd5e1;
  --ink: #f1f5f9; background: #090f1d; }
#lab-first > div { max-width: 640px; }
#lab-first h1 { font-size: 1.05rem; margin: 0 0 12px; }
#lab-first h2 { font-size: 1.15rem; margin: 0 0 10px; }
#lab-first .lab-verdict { font-weight: 600; }
"""
# Not for whoever comes back to another step or to a run, or by a link: they would see it flash by.
SCRIPT = """
(() => {
  const first = document.getElementById('lab-first');
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const step = Number((location.hash.match(/^#step-([1-6])$/) || [])[1]) || Number(kept('lab-open-step')) || 1;
  const linked = ['person', 'entity', 'run', 'step', 'embed'].some(
    (name) => new URLSearchParams(location.search).has(name));
  if (step !== 1 || linked || kept('lab-unlearn')) { first.remove(); return; }
  const theme = new URLSearchParams(location.search).get('__theme') || kept('lab-theme') || 'auto';
  first.classList.toggle('dark', theme === 'dark'
    || theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  const begun = Date.now();
  const look = setInterval(() => {
    if (!document.querySelector('#glance .lab-glance') && Date.now() - begun < 60000) return;
    clearInterval(look);
    first.remove();
  }, 50);
})()
"""


def first_view(demo: gr.Blocks, text: Text) -> str:
    """Return what stands in the page before ``</body>``: the value of its glance; "" for an empty one."""
    glance = next(
        (str(b.value) for b in demo.blocks.values() if getattr(b, "elem_id", "") == "glance"), ""
    )
    if not glance:
        return ""
    return (
        f"<style>{COLOURS}{GLANCE}{STYLE}</style>"
        f'<div id="lab-first"><h1>{escape(text.TITLE)}</h1><h2>{escape(text.IDEAS[0][0])}</h2>'
        f"<div>{glance}</div></div><script>{SCRIPT}</script>"
    )
