"""How long the lab takes to start: until its page answers, and for its imports alone."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from lab.errors import LabError
from lab.files import ROOT

START_PATIENCE = 120


def starting() -> dict[str, float]:
    """Seconds from ``python app.py`` to the first answer of the page, and of the lab's imports."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    app = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(f"http://127.0.0.1:{port}/"):
            if app.poll() is not None or time.perf_counter() - started > START_PATIENCE:
                raise LabError("the app did not start: try python app.py")
            time.sleep(0.1)
        page = time.perf_counter() - started
    finally:
        app.terminate()
        app.wait()
    code = (
        "import gradio, torch, pandas, plotly.graph_objects, time; t = time.perf_counter(); "
        "import lab.ui.page, lab.serve.local; print(time.perf_counter() - t)"
    )
    imports = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    return {"start_seconds": round(page, 2), "own_import_seconds": round(float(imports.stdout), 2)}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False
