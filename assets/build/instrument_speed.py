"""How fast the instrument of step 2 is drawn, of made-up models: python -m assets.build.instrument_speed

For each size: how long the lab prepares what is drawn, how large that is, and how long headless
Chromium takes to read it and draw it whole, and to draw it anew for a moved slider. Medians.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

import numpy as np

from assets.build.browser import chromium
from lab.events import Event, Glow, Importance, NeuronFisher, Saliency
from lab.report.instrument import instrument
from lab.report.text import catalogue
from lab.saliency.fisher import GROUPS
from lab.saliency.neurons import COLUMNS, ROWS
from lab.saliency.places import SHARES, THRESHOLDS
from lab.saliency.summary import EDGES

ROUNDS = 9
UI = Path(__file__).resolve().parents[2] / "lab" / "ui"
# layers, hidden neurons of each, and patches along a side of the picture
SIZES = {
    "embedded model, 5 x 1,536": (5, 1536, 8),
    "LLaVA-1.5, 24 x 4,096": (24, 4096, 24),
    "Qwen2-VL, 32 x 5,120": (32, 5120, 16),
}
PAGE = """<style>:root {{ --lab-kept: #64748b; --lab-mark: #c2410c; --lab-band: #e2e8f0;
  --lab-line-0: #1d4ed8; --lab-line-2: #64748b }} {css}</style><div id="it" style="width: 1180px"><div class="lab-instrument"></div></div>
<script>(() => {{
const element = document.getElementById('it'), props = {{value: {value}}};
const trigger = () => 0, watch = () => 0;
const begun = performance.now();
{code}
window.first = performance.now() - begun;
window.move = (threshold) => {{
  window.labSliders = {{prune: 0.02, threshold}};
  const start = performance.now();
  paint();
  return performance.now() - start;
}};
}})();</script>"""


def made_up(layers: int, neurons: int, side: int) -> list[Event]:
    """The events of an inspection of a model of this size, drawn by chance."""
    rng = np.random.default_rng(0)
    names = tuple(f"block {k}" for k in range(layers))

    def drawn() -> tuple[np.ndarray, ...]:
        return tuple(10 ** rng.normal(0, 0.3, neurons).astype(np.float32) for _ in names)

    score, mean, most = drawn(), drawn(), drawn()
    pruned = tuple(s > 4 for s in score)
    cells = tuple(rng.integers(-100, 100, (2 * ROWS, COLUMNS)).astype(np.int16) for _ in names)
    counts = rng.integers(0, 1000, (layers, len(GROUPS), len(EDGES) - 1))
    figures = np.ones((layers, len(GROUPS)))
    maps = rng.random((len(SHARES), side, side)).astype(np.float32)
    heat = maps[0]
    return [
        Importance(names, score, score, score, pruned, heat, (8, 60)),
        Glow(SHARES, maps),
        Saliency(names, GROUPS, EDGES, counts, figures, figures),
        NeuronFisher(
            names,
            mean,
            most,
            mean,
            cells,
            cells,
            (ROWS,) * layers,
            THRESHOLDS,
            maps[: len(THRESHOLDS)],
        ),
    ]


def main() -> None:
    code = "\n".join(
        (UI / f).read_text("utf-8")
        for f in ("instrument_draw.js", "instrument.js", "instrument_page.js")
    )
    css = (UI / "instrument.css").read_text("utf-8")
    more = {"key": "a", "person": "A", "portrait": "", "prune": 0.02, "threshold": 1.0}
    more |= {"after": False, "other": "", "words": catalogue().INSTRUMENT}
    with chromium() as browser:
        for name, size in SIZES.items():
            events = made_up(*size)
            begun = time.perf_counter()
            value = json.dumps(instrument(events) | more)
            prepared = 1000 * (time.perf_counter() - begun)
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            firsts, moves = [], []
            for _ in range(ROUNDS):
                tab.set_content(PAGE.format(css=css, value=value, code=code))
                firsts.append(tab.evaluate("window.first"))
                moves += [tab.evaluate("(t) => window.move(t)", t) for t in (0.9, 1.1)]
            print(
                f"{name}: prepared in {prepared:.0f} ms, {len(value) / 1000:.0f} kB, "
                f"read and drawn in {statistics.median(firsts):.0f} ms, "
                f"drawn for a moved slider in {statistics.median(moves):.0f} ms"
            )
            tab.close()


if __name__ == "__main__":
    main()
