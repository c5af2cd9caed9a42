"""Colours and layout: WCAG-AA contrast in light and dark, system fonts, nothing from outside."""

from __future__ import annotations

import gradio as gr


def build_theme() -> gr.Theme:
    """Return the theme; every override lifts a contrast that the stock theme fails."""
    return gr.themes.Base(
        primary_hue="indigo",
        neutral_hue="slate",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_600",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_cancel_background_fill="*neutral_200",
        button_cancel_background_fill_dark="*neutral_800",
        button_cancel_text_color="#991b1b",
        button_cancel_text_color_dark="#fca5a5",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        input_placeholder_color="*neutral_600",
        input_placeholder_color_dark="*neutral_400",
    )


CSS = """
:root { --lab-line-0: #1d4ed8; --lab-line-1: #b45309; --lab-line-2: #64748b; --lab-good: #166534; --lab-bad: #991b1b;
  --lab-kept: #64748b; --lab-mark: #c2410c; --lab-band: #e2e8f0; }
.dark { --lab-line-0: #93c5fd; --lab-line-1: #fbbf24; --lab-line-2: #cbd5e1; --lab-good: #86efac; --lab-bad: #fca5a5;
  --lab-kept: #94a3b8; --lab-mark: #fb923c; --lab-band: #334155; }
.gradio-container { max-width: 1240px !important; width: 100%; margin: 0 auto; }
.lab-top { display: flex; flex-wrap: wrap; gap: 6px 32px; align-items: end;
  justify-content: space-between; }
.lab-top h1 { font-size: 1.35rem; margin: 0; }
.lab-top p { margin: 0; color: var(--body-text-color-subdued); }
.lab-facts { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0; font-size: 0.875rem; }
.lab-facts div { display: flex; gap: 6px; }
.lab-facts dt { color: var(--body-text-color-subdued); }
.lab-facts dd { margin: 0; font-weight: 600; }
.lab-say { margin: 0; padding: 8px 12px; border-left: 4px solid var(--color-accent);
  background: var(--background-fill-secondary); border-radius: 4px; min-height: 1.5em; }
.lab-lead { font-size: 1.05rem; margin: 4px 0; max-width: 75ch; }
.lab-heading { font-size: 0.95rem !important; font-weight: 600; margin: 0 !important; }
.lab-note { margin: 4px 0; max-width: 90ch; }
.lab-note.good { color: var(--lab-good); } .lab-note.bad { color: var(--lab-bad); }
.lab-note.quiet { color: var(--body-text-color-subdued); overflow-wrap: anywhere; }
.lab-line { font-weight: 600; margin: 0; font-variant-numeric: tabular-nums; }
.lab-card { display: flex; gap: 16px; flex-wrap: wrap; }
.lab-card img { width: 150px; height: 150px; border-radius: 8px; object-fit: cover; }
.lab-card h2 { margin: 0 0 6px; font-size: 1.2rem; }
.lab-card > div { flex: 1 1 220px; min-width: 0; }
.lab-profile { display: grid; grid-template-columns: auto 1fr; gap: 3px 14px; margin: 0; }
.lab-profile dt { color: var(--body-text-color-subdued); }
.lab-profile dd { margin: 0; overflow-wrap: anywhere; }
.lab-views { display: flex; flex-wrap: wrap; gap: 8px; margin: 4px 0; padding: 0; }
.lab-views figure { margin: 0; width: 84px; font-size: 0.75rem; text-align: center; }
.lab-views img, .lab-views .none { width: 84px; height: 84px; object-fit: cover; border-radius: 6px; }
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
.lab-table th { white-space: nowrap; background: var(--background-fill-secondary); }
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
.lab-grid { display: grid !important; gap: 14px 20px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); }
.lab-grid > .form { grid-column: 1 / -1; display: grid; grid-template-columns: inherit; }
#people .caption-label { left: 0; right: 0; max-width: none; opacity: 1; font-size: 0.8rem;
  border-radius: 0; white-space: normal; text-align: center; padding: 2px 4px; }
@media (max-width: 480px) {
  .gradio-container { padding: 8px !important; }
  .lab-top p { font-size: 0.875rem; }
  .lab-row-buttons { display: grid !important; grid-template-columns: 1fr 1fr; gap: 8px; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation-duration: 0.01ms !important; transition: none !important;
    animation-iteration-count: 1 !important; scroll-behavior: auto !important; }
}
"""
