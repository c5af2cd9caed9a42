"""The layout of the page: one bar, six steps, one line of status; narrow, wide, large and printed."""

from __future__ import annotations

COLOURS = """
:root { --lab-line-0: #1d4ed8; --lab-line-1: #b45309; --lab-line-2: #64748b; --lab-good: #166534;
  --lab-bad: #991b1b; --lab-kept: #64748b; --lab-mark: #c2410c; --lab-band: #e2e8f0; }
.dark { --lab-line-0: #93c5fd; --lab-line-1: #fbbf24; --lab-line-2: #cbd5e1; --lab-good: #86efac;
  --lab-bad: #fca5a5; --lab-kept: #94a3b8; --lab-mark: #fb923c; --lab-band: #334155; }
"""

FRAME = """
.gradio-container { max-width: 1880px !important; width: 100%; margin: 0 auto;
  padding: 0 16px 48px !important; }
.gradio-container { --layout-gap: 10px; --form-gap-width: 1px; }
/* Hidden would make it a box that scrolls by itself, and nothing in it could stick to the window. */
.gradio-container { overflow: clip !important; }
.gradio-container .html-container { padding: 0 !important; }
.gradio-container > main, .gradio-container .app { padding: 0 !important; max-width: none; }
#bar { min-height: 48px; align-items: center; gap: 12px; flex-wrap: nowrap; position: relative; }
#bar > * { flex: 0 0 auto !important; min-width: 0 !important; width: auto; }
#title h1 { font-size: 1.05rem; margin: 0; white-space: nowrap; }
#bar #chip { flex: 1 1 0 !important; overflow: hidden; }
.lab-chip { display: inline-block; max-width: 100%; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; vertical-align: middle; padding: 2px 10px; font-size: 0.875rem;
  border-radius: 999px; border: 1px solid var(--border-color-primary);
  color: var(--body-text-color); }
.lab-chip.busy { border-color: var(--color-accent); font-weight: 600; }
#person { font-weight: 600; max-width: 14rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; display: block; }
#person::after { content: " ▾"; }
#more { font-size: 1.2rem; line-height: 1; min-width: 40px !important; }
#panel { display: none; position: absolute; z-index: 60; top: 50px; right: 16px; gap: 10px;
  width: min(420px, calc(100vw - 32px)); max-height: calc(100vh - 80px); overflow: auto;
  padding: 16px; border-radius: 8px; border: 1px solid var(--border-color-primary);
  background: var(--background-fill-primary); box-shadow: 0 8px 28px rgb(0 0 0 / 0.25); }
#panel.lab-open { display: flex; }
#panel > * { flex: none; }
.lab-signal { display: none !important; }
.lab-facts { display: grid; grid-template-columns: auto 1fr; gap: 3px 14px; margin: 0;
  font-size: 0.875rem; }
.lab-facts div { display: contents; }
.lab-facts dt { color: var(--body-text-color-subdued); }
.lab-facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
#steps { gap: 0; }
#steps > .tab-wrapper, #steps .tab-container { height: 40px !important; padding: 0 !important; }
/* the library rules a line below every row of tabs, at a height of its own */
#steps .tab-container { width: 100% !important; background: none !important; }
#steps [role=tab] { padding: 0 14px; font-size: 0.95rem; }
#steps [role=tab].selected { color: var(--link-text-color); }  /* the accent fails AA here */
#steps [role=tab].lab-done::before { content: "✓"; margin-right: 5px; color: var(--lab-good);
  font-weight: 700; }
#steps .tab-container::after { display: none; }
#steps > .tab-wrapper { border-bottom: 1px solid var(--border-color-primary); }
#steps .tabitem { padding: 8px 0 0 !important; border: 0 !important; }
#foot { position: fixed; inset: auto 0 0 0; z-index: 40; min-height: 36px; width: auto; align-items: center; gap: 12px;
  flex-wrap: nowrap; padding: 2px 12px; margin: 0; font-size: 0.875rem;
  border-top: 1px solid var(--border-color-primary); background: var(--background-fill-secondary); }
#foot > * { flex: 0 1 auto !important; min-width: 0 !important; width: auto; }
#foot #announce { flex: 1 1 0 !important; }
#foot #stop { flex: 0 0 auto !important; margin-left: auto; font-weight: 600;
  color: var(--body-text-color-subdued);
  background: var(--background-fill-primary); border: 1px solid var(--border-color-primary); }
#foot:has(#now p) #stop { color: var(--lab-bad); }
/* Gradio counts seconds in every part that waits, and hides them from the eye alone. */
.gradio-container .wrap.hide { visibility: hidden; }
.toast-wrap { top: 56px !important; }
.lab-say, #now p { margin: 0; font-size: 0.875rem; }
#now p { font-weight: 600; font-variant-numeric: tabular-nums; }
"""

GLANCE = """
.lab-glance { display: grid; grid-template-columns: auto 1fr; gap: 6px 18px; padding: 12px 14px;
  border: 1px solid var(--border-color-primary); border-radius: 8px; }
.lab-glance > p { grid-column: 1 / -1; margin: 0; }
.lab-glance .faces { display: flex; gap: 8px; grid-row: span 2; }
.lab-glance figure { margin: 0; width: 118px; }
.lab-glance img { width: 118px; height: 118px; object-fit: cover; border-radius: 6px; }
.lab-glance figcaption { font-size: 0.75rem; color: var(--body-text-color-subdued); }
.lab-glance .figures { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 0; }
.lab-glance dt { font-size: 0.8rem; color: var(--body-text-color-subdued); }
.lab-glance dd { margin: 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
.lab-glance dd strong { font-size: 1.15rem; }
.lab-glance small { color: var(--body-text-color-subdued); }
.lab-glance .answers p { margin: 0 0 3px; }
.lab-glance .answers b { color: var(--body-text-color-subdued); font-weight: 600; }
"""

PIECES = """
.lab-question { font-size: 1.15rem !important; margin: 0 !important; outline: none;
  width: fit-content; }
.lab-question:focus-visible { outline: 2px solid var(--color-accent); outline-offset: 1px; }
.lab-idea { margin: 2px 0 0; max-width: 90ch; display: flex; flex-wrap: wrap; gap: 0 10px;
  align-items: baseline; }
.lab-idea p { margin: 0; }
.lab-idea summary { cursor: pointer; list-style: none; text-decoration: underline;
  color: var(--link-text-color); }
.lab-idea summary::-webkit-details-marker { display: none; }
.lab-idea details[open] { flex-basis: 100%; }
.lab-idea details p { margin: 4px 0 0; color: var(--body-text-color-subdued); max-width: 70ch; }
.lab-predict { border: 0; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: 4px 10px;
  align-items: center; font-size: 0.9rem; }
.lab-predict legend { float: left; padding: 0 6px 0 0; font-weight: 600; }
.lab-predict label { display: inline-flex; gap: 5px; align-items: center; padding: 3px 10px;
  min-height: 28px; border: 1px solid var(--border-color-primary); border-radius: 999px; }
.lab-predict input { appearance: auto; width: 15px; height: 15px; margin: 0;
  accent-color: var(--color-accent); }
.dark .lab-predict input { color-scheme: dark; }
.lab-verdict { font-size: 1.05rem; font-weight: 600; margin: 4px 0; max-width: 90ch; }
.lab-heading { font-size: 0.95rem !important; font-weight: 600; margin: 0 !important; }
.lab-note { margin: 4px 0; max-width: 90ch; }
.lab-note.good { color: var(--lab-good); } .lab-note.bad { color: var(--lab-bad); }
.lab-note.quiet { color: var(--body-text-color-subdued); overflow-wrap: anywhere;
  font-size: 0.9rem; }
.lab-line { font-weight: 600; margin: 0; font-variant-numeric: tabular-nums; }
.lab-people { display: grid; grid-template-columns: repeat(auto-fill, minmax(84px, 1fr)); gap: 6px;
  max-height: min(560px, calc(100vh - 250px)); min-height: 240px; overflow-y: auto; padding: 3px; }
.lab-people button { display: flex; flex-direction: column; justify-content: flex-start; padding: 0; border: 2px solid transparent; border-radius: 8px;
  background: var(--background-fill-secondary); color: var(--body-text-color); cursor: pointer;
  overflow: hidden; min-width: 0; }
.lab-people img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover;
  object-position: 50% 25%; }
.lab-people span { display: block; font-size: 0.75rem; line-height: 1.2; padding: 3px 2px;
  overflow-wrap: anywhere; }
.lab-people button:focus-visible { outline: 3px solid var(--color-accent); outline-offset: 1px; }
.lab-people button[aria-pressed=true] { border-color: var(--color-accent); }
.lab-people button[aria-pressed=true] span { font-weight: 700; }
.lab-people button[aria-pressed=true] span::before { content: "✓ "; }
.lab-card { display: flex; gap: 14px; }
.lab-card img { width: 96px; height: 96px; border-radius: 8px; object-fit: cover; flex: none; }
.lab-card h2 { margin: 0 0 2px; font-size: 1.15rem; }
.lab-card > div { flex: 1 1 auto; min-width: 0; }
.lab-card summary { cursor: pointer; }
.lab-profile { display: grid; grid-template-columns: auto 1fr; gap: 3px 14px; margin: 6px 0; }
.lab-profile dt { color: var(--body-text-color-subdued); }
.lab-profile dd { margin: 0; overflow-wrap: anywhere; }
.lab-views { display: flex; flex-wrap: wrap; gap: 8px; margin: 4px 0; padding: 0; }
.lab-views figure { margin: 0; width: 84px; font-size: 0.75rem; text-align: center; }
.lab-views img, .lab-views .none { width: 84px; height: 84px; object-fit: cover; border-radius: 6px; }
.lab-face .faces { display: contents; }
.lab-face { scroll-margin: 8px 0 130px; }
.lab-views .none { display: block; background: var(--background-fill-secondary); }
.lab-views .held img { outline: 3px solid var(--color-accent); outline-offset: -3px; }
.lab-views .held figcaption { font-weight: 600; }
.lab-table { overflow-x: auto; container-type: inline-size; }
.lab-table table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
.lab-table caption { text-align: left; font-weight: 600; padding: 6px 0; }
.lab-table caption span { position: sticky; left: 0; display: inline-block; max-width: 100cqi; }
.lab-table :is(table, thead, tbody, tr, th, td) { border: 0 !important; }
.lab-table table th, .lab-table table td { text-align: left; padding: 5px 10px;
  vertical-align: middle; border-bottom: 1px solid var(--border-color-primary) !important; }
.lab-table table th { vertical-align: bottom; background: var(--background-fill-secondary); }
.lab-table td.long { min-width: 12ch; }
@media (min-width: 700px) {
  .lab-table td { white-space: nowrap; }
  .lab-table td.long { white-space: normal; min-width: 16ch; }
}
.lab-table td img { width: 44px; height: 44px; object-fit: cover; border-radius: 4px; }
.lab-table .right { color: var(--lab-good); font-weight: 600; white-space: nowrap; }
.lab-table .wrong { color: var(--lab-bad); font-weight: 600; white-space: nowrap; }
.lab-figures { display: flex; gap: 16px; flex-wrap: wrap; }
.lab-figures div { flex: 1 1 220px; padding: 12px 16px; border-radius: 8px;
  border: 1px solid var(--border-color-primary); background: var(--background-fill-secondary); }
.lab-figures strong { display: block; font-size: 1.6rem; font-variant-numeric: tabular-nums; }
.lab-figures span { color: var(--body-text-color-subdued); font-size: 0.875rem; }
.js-plotly-plot :not(.heatmap-label) > text { fill: var(--body-text-color) !important; }
.js-plotly-plot .hovertext text { fill: #fff !important; }
.js-plotly-plot .hovertext path { fill: #1e293b !important; }
.js-plotly-plot .modebar { display: none !important; }
.lab-grid { display: grid !important; gap: 12px 18px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)); }
.lab-grid > .form { grid-column: 1 / -1; display: grid; grid-template-columns: inherit;
  background: none; border: 0; box-shadow: none; gap: inherit; }
.lab-grid > .form > * { border: 1px solid var(--border-color-primary) !important;
  border-radius: 6px; }
.lab-suggested { gap: 6px; }
#steps button.lg { flex: 0 1 auto; align-self: flex-end; width: auto; min-width: 150px;
  max-height: 42px; }
#steps .column > button.lg { align-self: flex-start; }
.lab-suggested button { flex: 0 1 auto !important; width: auto; }
#ask-options { justify-content: flex-start; align-items: center; }
#ask-options > * { margin: 0 !important; flex: 0 1 auto !important; width: auto; min-width: 0 !important; }
.lab-fold > summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
.lab-fold.quiet > summary { font-weight: 400; color: var(--body-text-color-subdued); }
#ask-curve { display: none; }
"""

SIZES = """
@media (min-width: 1500px) { #ask-curve { display: flex; } }
@media (max-width: 640px) {
  #bar { gap: 6px; }
  #title { display: none; }
  #bar #person { max-width: 8.5rem; }
  #run-it { padding: 0 8px; }
  .lab-chip { padding: 2px 6px; font-size: 0.75rem; }
  #steps .tab-container { display: grid !important;
    grid-template-columns: repeat(6, minmax(min-content, 1fr)); }
  #steps > .tab-wrapper, #steps .tab-container { height: 44px !important; }
  #steps [role=tab] { padding: 0; height: 100%; font-size: 0.72rem; white-space: normal;
    text-align: center; justify-content: center; min-width: 0;
    word-spacing: 9rem; }  /* the name below its number */
  #steps [role=tab].lab-done::before { position: absolute; top: 0.5em; left: calc(50% - 1.7em);
    margin: 0; }
  footer .show-api-divider { display: none; }
  .lab-people { display: flex; overflow-x: auto; max-height: none; min-height: 0;
    overscroll-behavior-x: contain; }
  .lab-people button { flex: 0 0 76px; }
  .lab-card img { width: 72px; height: 72px; }
  .lab-glance { grid-template-columns: 1fr; padding: 8px 10px; }
  .lab-glance .answers { order: -1; } .lab-glance > p:first-child { order: -2; }
  .lab-question { font-size: 1.05rem !important; }
  #ask-picture { flex-flow: row wrap !important; }
  #ask-picture > button { flex: 1 1 28%; min-width: 0; }
  /* Above the line of status, as high as the page's script has measured it. */
  #ask-line { position: sticky; bottom: var(--lab-foot, 44px); z-index: 30; padding: 4px 0;
    background: var(--body-background-fill); }
  #picture, #picture img { max-height: 150px !important; }
  .lab-row-buttons { display: grid !important; grid-template-columns: 1fr 1fr; gap: 8px; }
  #foot { padding: 2px 8px; }
  #now p { font-weight: 400; line-height: 1.4; }
  #foot #now { flex: 1 1 0 !important; }
  #foot:not(:has(#now p)) #now { display: none; }
}
/* Where there is room for one line it is what runs now; what was just done is still read out. */
@media (max-width: 1500px) { #foot:has(#now p) #announce { position: absolute; width: 1px;
  height: 1px; overflow: hidden; clip-path: inset(50%); } }
.lab-board #foot:has(#now p) #announce { position: absolute; width: 1px; height: 1px;
  overflow: hidden; clip-path: inset(50%); }
.lab-board .gradio-container { zoom: 1.4; }
/* No rule for print: Gradio lets those reach only what lies inside the page's own part. */
.lab-paper footer { display: none !important; }
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation-duration: 0.01ms !important; transition: none !important;
    animation-iteration-count: 1 !important; scroll-behavior: auto !important; }
}
@media print {
  #bar, #panel, #foot, #steps > .tab-wrapper, .lab-predict, #mine,
  #load-run, #files, #pick-study, #meet-people, #ask-line, #ask-options, .lab-instrument .said,
  .lab-idea details:not([open]), #steps .block:has(> .label-wrap:not(.open)),
  button:not(.side, #picture button) { display: none !important; }
  .gradio-container { max-width: none !important; padding: 0 !important; }
  .lab-table, .lab-chart .scroll { overflow: visible !important; max-height: none !important; }
  .lab-table table { font-size: 8pt; }
  .lab-table td { white-space: normal; }
  .js-plotly-plot, .js-plotly-plot .plot-container, .js-plotly-plot .svg-container
    { width: 100% !important; overflow: visible !important; break-inside: avoid; }
  .js-plotly-plot svg { max-width: 100% !important; }
}
"""

CSS = COLOURS + FRAME + GLANCE + PIECES + SIZES
