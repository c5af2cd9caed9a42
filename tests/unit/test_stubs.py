"""Gradio's type stubs are left out, and its components work without them."""

import subprocess
import sys

from lab.files import ROOT

CODE = """
import lab.ui
import gradio as gr
from gradio import component_meta
assert component_meta.create_or_modify_pyi.__module__ == "lab.ui.stubs"
assert component_meta.__file__ and component_meta.__spec__.name == "gradio.component_meta"
with gr.Blocks() as demo:
    gr.Button("a").click(lambda: None)
print(len(demo.fns), gr.Button.__name__)
"""


def test_gradio_writes_no_stubs_and_its_components_have_their_events():
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.split() == ["1", "Button"]
