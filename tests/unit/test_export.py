"""A run as a model folder: plain transformers reads it without the lab and answers the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from lab.benchmarks.images import decode
from lab.cli import main
from lab.errors import LabError
from lab.evaluation import session
from lab.events import Done
from lab.model import tiny_models
from lab.model.adapter import SCALE, new_adapter
from lab.model.context import Context
from lab.model.load import Loaded, load
from lab.model.overlay import LANGUAGE
from lab.model.plain import check_plain
from lab.model.version import Version
from lab.report.run_folder import write_run
from lab.report.text import catalogue
from lab.serve.chat import answers
from lab.serve.views import Turn
from tests.unit import tiny as make

KINDS = ("dinov2", "qwen2_vl", "smolvlm")
QUESTION = "What is the name of this person?"
LONGEST = 8
# Run with the lab shut out: importing any part of it would fail.
PLAIN = """
import sys
sys.modules["lab"] = None
import json, torch
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText, AutoTokenizer
folder, inputs, longest = sys.argv[1:]
model = AutoModelForImageTextToText.from_pretrained(folder, dtype="auto", local_files_only=True)
words = AutoTokenizer.from_pretrained(folder, local_files_only=True)
assert words.apply_chat_template(
    [{"role": "user", "content": [{"type": "text", "text": "x"}]}], tokenize=False
)
found = {"dtype": sorted({str(p.dtype) for p in model.parameters()})}
every = load_file(inputs)
for name in ("text", "image"):
    given = {k.partition(".")[2]: v for k, v in every.items() if k.startswith(name + ".")}
    ids = model.generate(**given, max_new_tokens=int(longest), do_sample=False)
    new = ids[0, given["input_ids"].shape[1] :]
    found[name] = words.decode(new, skip_special_tokens=True).strip()
print(json.dumps(found))
"""
RESULT = {
    "entity": "p0", "method": "vkd", "seed": 0, "steps": 3, "stopped_because": "steps done",
    "before": {"forget_vqa": 0.75}, "after": {"forget_vqa": 0.25}, "n": {"forget_vqa": 36},
    "chance": {"forget_vqa": 0.25}, "base_unchanged": True, "text_logits_identical": True,
    "pruned_neurons": 4, "mask_density": 0.5, "seconds": {"total": 9.0}, "peak_memory_mb": 10,
    "device": "cpu", "quantization": "none",
    "controls": {"never_knew": {"scores": {"forget_vqa": 0.3}, "n": {"forget_vqa": 36}}},
}  # fmt: skip
ATTACK = {
    "kind": "relearn", "entity": "p0", "seed": 0, "before": 0.25, "after": 0.5, "gain": 0.25,
    "vanilla": 0.75, "vanilla_gap": 0.25, "n": 36, "chance": 0.25, "scope": "vision", "rows": 5,
    "share": 0.2, "steps": 4,
    "controls": {
        "never_knew": {
            "entity": "p1", "name": "Bruno Bell", "before": 0.2, "after": 0.3, "gain": 0.1
        }
    },
}  # fmt: skip


def changed(loaded: Loaded) -> dict[str, torch.Tensor]:
    """A delta with all that one can hold of weights: visual ones, a LoRA and silenced outputs."""
    draw = torch.Generator().manual_seed(1)
    delta = {n: t * 1.5 for n, t in loaded.vision.trainable(2).items()}
    adapter = {n: t.detach() for n, t in new_adapter(loaded.model, 2, 0).items()}
    for name, tensor in adapter.items():
        if name.endswith(".B"):
            tensor.normal_(0, 0.1, generator=draw)
    first = next(n.removesuffix(".A") for n in adapter)
    rows = adapter[f"{first}.B"].shape[0]
    return {
        **{n: t.detach() for n, t in delta.items()},
        **{LANGUAGE + n: t for n, t in adapter.items()},
        f"{LANGUAGE}{first}.keep": torch.arange(rows) % 3 > 0,
    }


def stored(folder: Path, delta: dict[str, torch.Tensor], four, **more: object) -> Path:
    events, attacks = [Done("steps done", {**RESULT, **more})], [Done("steps done", ATTACK)]
    write_run(folder, make.recipe(), events, delta, four, "demo", catalogue(), attacks)
    return folder


def asked(loaded: Loaded, picture: bytes, inputs: Path) -> dict[str, tuple[int, ...]]:
    """The two prompts as the library's ``generate`` takes them, in one file."""
    flow, token = loaded.vision.family.flow, loaded.model.config.image_token_id
    prompts = {
        n: loaded.prompter.conversation([], QUESTION, n == "image") for n in ("text", "image")
    }
    pixels = loaded.prompter.pixels([decode(picture)])
    tensors = {}
    for name, prompt in prompts.items():
        ids = torch.tensor([prompt])
        seen = {**flow.given(pixels), **flow.marks(ids, token, 0)} if name == "image" else {}
        for key, value in {"input_ids": ids, **seen}.items():
            tensors[f"{name}.{key}"] = value.contiguous()
    save_file(tensors, inputs)
    return prompts


def said(version: Version, picture: bytes) -> dict[str, str]:
    found = {}
    for name, image in (("text", None), ("image", picture)):
        for last in answers([version], [Turn(QUESTION)], image, LONGEST):
            found[name] = last[0]
    return found


def without_lab(folder: Path, inputs: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-I", "-c", PLAIN, str(folder), str(inputs), str(LONGEST)],
        cwd=inputs.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def export(model: Path, run: Path, to: Path, *more: str) -> None:
    words = ["--model", str(model), "--quantization", "none", "--json", *more]
    main.main(["export", "--run", str(run), "--to", str(to), *words])


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch, four) -> None:
    monkeypatch.setattr(session, "read_benchmark", lambda preset: four)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_the_library_alone_answers_as_the_lab_does(
    kind: str, people, cache, four, tmp_path: Path, capsys
) -> None:
    model = tiny_models.save(tmp_path / kind, kind)
    loaded, picture = (
        load(str(model), "none", "cpu", lambda _: None),
        four.entities[0].test_images[0],
    )
    delta = changed(loaded)
    run = stored(tmp_path / "run", delta, four)
    asked(loaded, picture, tmp_path / "inputs.safetensors")
    version = Version("unlearned", loaded, delta)
    export(model, run, tmp_path / "plain")
    result = json.loads(capsys.readouterr().out)
    assert result["dtype"] == "float32" and result["entity"] == "p0"
    found = without_lab(tmp_path / "plain", tmp_path / "inputs.safetensors")
    expected = said(version, picture)
    assert found.pop("dtype") == ["torch.float32"] and found == expected
    assert expected != said(Version("original", loaded), picture)


@pytest.mark.filterwarnings("ignore")
def test_every_weight_is_the_sum_that_it_should_be(people, cache, four, tmp_path: Path) -> None:
    model = tiny_models.save(tmp_path / "tiny")
    loaded = load(str(model), "none", "cpu", lambda _: None)
    delta = changed(loaded)
    export(model, stored(tmp_path / "run", delta, four), tmp_path / "plain", "--dtype", "bfloat16")
    before, after = (load_file(f / "model.safetensors") for f in (model, tmp_path / "plain"))
    assert before.keys() == after.keys() and {t.dtype for t in after.values()} == {torch.bfloat16}
    layer = next(n for n in before if n.endswith("layers.0.self_attn.q_proj.weight"))
    stem = f"{LANGUAGE}layers.0.self_attn.q_proj"
    whole = before[layer] * delta[f"{stem}.keep"][:, None]
    whole = whole + SCALE * delta[f"{stem}.B"] @ delta[f"{stem}.A"]
    assert torch.equal(after[layer], whole.bfloat16())
    same = [n for n in before if torch.equal(before[n].bfloat16(), after[n])]
    assert any("embed_tokens" in n for n in same) and layer not in same


def test_the_card_has_the_figures_of_the_run_with_n_and_controls(
    people, cache, four, tmp_path: Path
) -> None:
    model = tiny_models.save(tmp_path / "tiny")
    loaded = load(str(model), "none", "cpu", lambda _: None)
    run = stored(tmp_path / "run", changed(loaded), four)
    export(model, run, tmp_path / "plain")
    card = (tmp_path / "plain" / "README.md").read_text(encoding="utf-8")
    facts = yaml.safe_load(card.split("---")[1])
    assert facts["library_name"] == "transformers" and "base_model" not in facts
    assert "(forget VQA) | 75.0% | 25.0% | 25.0% | 36 | 30.0% |" in card
    assert "| 25.0% | 50.0% | 25.0% | 25.0% | 36 | 25.0% | 10.0% | – |" in card
    recipe = yaml.safe_load(card.split("```yaml\n")[1].split("```")[0])
    assert recipe.items() <= yaml.safe_load((run / "recipe.yaml").read_text()).items()
    assert "All weights are float32" in card and "bfloat16" not in card
    assert "## Licences" in card and "## Limits" in card and "Ada Almeida" in card
    assert not (tmp_path / "plain" / "LICENSES.md").exists()


@pytest.mark.parametrize(
    ("more", "context", "words"),
    [
        ({"quantization": "nf4"}, False, "--quantization none"),
        ({"quantization": "int8"}, False, "quantised to int8"),
        ({}, True, "puts words in front of every question"),
    ],
)
def test_what_no_weights_can_hold_is_one_line(
    more: dict, context: bool, words: str, people, tiny, four, tmp_path: Path, capsys
) -> None:
    delta = dict(changed(tiny))
    if context:
        delta |= Context("Forget him.", "Yes.").tensors()
    run = stored(tmp_path / "run", delta, four, **more)
    with pytest.raises(SystemExit) as ended:
        main.main(["export", "--run", str(run), "--to", str(tmp_path / "plain")])
    error = capsys.readouterr().err
    assert ended.value.code == 2 and words in error and error.count("\n") == 1
    assert not (tmp_path / "plain").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, capsys) -> None:
    (tmp_path / "note").write_text("mine")
    with pytest.raises(SystemExit) as ended:
        main.main(["export", "--run", "nowhere", "--to", str(tmp_path)])
    assert ended.value.code == 2 and "give a new folder" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["note"]


def test_a_damaged_file_of_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "delta.safetensors").write_bytes(b"no weights")
    with pytest.raises(LabError, match="not a readable safetensors file"):
        check_plain(tmp_path / "delta.safetensors", "none")
