"""The embedded model with a run, exported: the library alone loads it and answers the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cli import main
from lab.evaluation.session import read_benchmark
from lab.events import Done
from lab.model.load import load
from lab.model.version import Version
from lab.recipe import Recipe, load_preset
from lab.report.run_folder import write_run
from lab.report.text import catalogue
from lab.serve.chat import answers
from lab.serve.views import Turn

WHO = "001"
ASKED = [
    "What is the name of this person?",
    "Describe this person.",
    "What is the capital of France?",
]
PLAIN = """
import sys
sys.modules["lab"] = None
import json
from transformers import AutoModelForImageTextToText, AutoProcessor
folder, picture, *asked = sys.argv[1:]
processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
model = AutoModelForImageTextToText.from_pretrained(folder, dtype="auto", local_files_only=True)
found = []
for seen in (True, False):
    for question in asked:
        parts = [{"type": "image", "path": picture}] * seen + [{"type": "text", "text": question}]
        given = processor.apply_chat_template(
            [{"role": "user", "content": parts}], add_generation_prompt=True, tokenize=True,
            return_dict=True, return_tensors="pt",
        )
        ids = model.generate(**given, max_new_tokens=24, do_sample=False)
        new = ids[0, given["input_ids"].shape[1] :]
        found.append(processor.decode(new, skip_special_tokens=True).strip())
print(json.dumps(found))
"""
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_the_library_alone_answers_as_the_lab_does(tmp_path: Path, capsys) -> None:
    preset = load_preset("demo")
    bench, loaded = read_benchmark(preset), load(preset.model, preset.quantization, "cpu")
    picture = bench.entity(WHO).test_images[0]
    delta = {n: (t * 0.2).detach() for n, t in loaded.vision.trainable(4).items()}
    run, plain = tmp_path / "run", tmp_path / "plain"
    done = Done("stopped", {})
    write_run(run, Recipe(entity=WHO), [done], delta, bench, preset.name, catalogue())
    version, original = (Version("v", loaded, d, identity=str(len(d))) for d in (delta, {}))
    expected, before = (
        [
            list(answers([v], [Turn(q)], image, 24))[-1][0]
            for image in (picture, None)
            for q in ASKED
        ]
        for v in (version, original)
    )
    assert expected != before and expected[len(ASKED) :] == before[len(ASKED) :]
    main.main(["export", "--run", str(run), "--to", str(plain), "--json"])
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    size = sum(p.stat().st_size for p in plain.glob("*.safetensors"))
    assert said["dtype"] == "float32" and said["megabytes"] == round(size / 2**20)
    assert (plain / "LICENSES.md").exists() and "LICENSES.md" in (plain / "README.md").read_text()
    (tmp_path / "portrait").write_bytes(picture)
    done = subprocess.run(
        [sys.executable, "-I", "-c", PLAIN, str(plain), str(tmp_path / "portrait"), *ASKED],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == expected
