"""How the entry and the teacher's page look: light and dark, narrow and wide, without Gradio."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from lab.report.text import Text

STYLE = """
:root { color-scheme: light dark; --ink: #1e293b; --quiet: #475569; --ground: #fff; --raised: #f8fafc;
  --edge: #94a3b8; --soft: #e2e8f0; --accent: #4338ca; --on-accent: #fff; --bad: #991b1b;
  --good: #166534; --link: #3730a3; }
@media (prefers-color-scheme: dark) { :root { --ink: #f1f5f9; --quiet: #cbd5e1; --ground: #090f1d;
  --raised: #1e293b; --edge: #64748b; --soft: #334155; --accent: #4338ca; --bad: #fca5a5;
  --good: #86efac; --link: #a5b4fc; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; color: var(--ink); background: var(--ground);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.3rem; margin: 0 0 8px; } h2 { font-size: 1.05rem; margin: 0 0 8px; }
p { margin: 0 0 10px; } .quiet { color: var(--quiet); font-size: 0.9rem; }
a { color: var(--link); } label { font-weight: 600; display: block; }
input, select, textarea, button { font: inherit; color: inherit; min-height: 38px; padding: 6px 10px;
  border: 1px solid var(--edge); border-radius: 6px; background: var(--ground); max-width: 100%; }
button { cursor: pointer; background: var(--raised); }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent);
  font-weight: 600; }
:is(a, input, select, textarea, button, summary, [tabindex]):focus-visible {
  outline: 3px solid var(--link); outline-offset: 2px; }
.bad { color: var(--bad); } .good { color: var(--good); }
[aria-current] { font-weight: 700; text-decoration: none; }
nav { font-size: 0.9rem; margin-bottom: 12px; display: flex; gap: 14px; }
"""


def languages(text: Text, address: Callable[[str], str]) -> str:
    """Return the links to the page in each language; ``address``: of a language's page."""
    links = "".join(
        f'<a lang="{code}" href="{escape(address(code), quote=True)}"'
        + (' aria-current="true"' if code == text.language else "")
        + f">{escape(name)}</a>"
        for code, name in text.LANGUAGES.items()
    )
    return f'<nav aria-label="{escape(text.LANGUAGE, quote=True)}">{links}</nav>'


def whole(title: str, style: str, body: str, script: str = "") -> str:
    """Return a whole page of ready HTML; the answer's policy allows its script by the hash."""
    end = f"<script>{script}</script>" if script else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'  # there is none, and browsers need not ask for it
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head>"
        f"<body>{body}{end}</body></html>"
    )
