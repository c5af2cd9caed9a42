"""Start the lab: parse flags, build the engine, build the page, launch."""

from __future__ import annotations

import argparse
import os
import sys
import time


def main() -> None:
    """Serve the page; the model loads behind it and the page says how far it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="demo", help="a file in presets/ (default demo)")
    parser.add_argument("--model", help="a model folder in place of the preset's")
    parser.add_argument("--quantization", help="gguf-q4, int8, nf4 or none")
    parser.add_argument("--benchmark", help="people, mllmu, clear, umu or fiu")
    parser.add_argument("--data", help="the benchmark's folder or dataset id")
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: this machine only)")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: torch's choice)")
    options = parser.parse_args()
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    started = time.perf_counter()

    def say(text: str) -> None:
        print(f"[{time.perf_counter() - started:5.1f} s] {text}", flush=True)

    from lab.errors import LabError

    say("Starting (first start: about 2 minutes and one 93 MB download; later: under 20 s) …")
    try:
        from lab.recipe import load_preset
        from lab.serve.local import LocalEngine
        from lab.ui.page import launch
        from lab.workbench import with_options

        preset = with_options(load_preset(options.preset), options.model, options.quantization,
                              options.benchmark, options.data)
        engine = LocalEngine(preset, options.threads, say)
        say(f"Open http://{options.host}:{options.port}")
        launch(engine, options.host, options.port)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
