"""The examples of docs/extending.md, put where the document says and run as they stand there."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import (
    AutoModelForImageTextToText,
    LightOnOcrConfig,
    PixtralVisionConfig,
    Qwen3Config,
)
from transformers.models.pixtral.image_processing_pil_pixtral import PixtralImageProcessorPil

from lab import attack as attacks
from lab import catalogue
from lab.attack import Relearned
from lab.errors import LabError
from lab.evaluation import session
from lab.evaluation.scores import asks_for
from lab.events import Bar, Curve, Done, Importance, Step
from lab.files import ROOT
from lab.model import tiny_models
from lab.model.families import family_of
from lab.model.load import Loaded, load
from lab.model.overlay import LANGUAGE, weights_hash
from lab.model.processor import Processor
from lab.model.prompts import Prompter
from lab.model.proof import prove
from lab.model.vision import find_vision
from lab.recipe import AttackRecipe, Preset
from lab.report import curves
from lab.report import text as texts
from lab.report.text import Text
from lab.unlearn import methods
from tests.unit import tiny as make
from tests.unit.test_text import faults

DOCUMENT = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```\w*\n# (\S+?\.py)(?:, ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_CODE, MOST_LINES = 40, 340
ENDS, OVER = "at the end", "in place of the English"


@dataclass(frozen=True)
class Example:
    """One block of the document: where it goes ("" is a whole new file) and what it says."""

    path: str
    place: str
    code: str

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")

    @property
    def table(self) -> str:
        """The table that the block is an entry of, or stands above."""
        return self.place.split()[-1]

    def parts(self) -> tuple[str, str]:
        """The imports, which go to the top of the file, and the other lines."""
        lines = self.code.splitlines(keepends=True)
        head = [line for line in lines if line.startswith("from ")]
        return "".join(head), "".join(line for line in lines if line not in head)


def section(title: str) -> str:
    return DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def examples(words: str = DOCUMENT) -> list[Example]:
    return [Example(path, place, code) for path, place, code in EXAMPLE.findall(words)]


def put_in(example: Example, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Any:
    """Put an example into the running lab, until the test is over; returns its module."""
    if not example.place:
        file = folder / Path(example.path).name
        file.write_text(example.code, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(example.module, file)
        made = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, example.module, made)
        spec.loader.exec_module(made)
        return made
    module = importlib.import_module(example.module)
    names = dict(vars(module))
    if example.place.startswith("in "):
        head, entries = example.parts()
        exec(head, names)
        for key, value in eval(f"{{{entries}}}", names).items():
            assert key not in vars(module)[example.table]
            monkeypatch.setitem(vars(module)[example.table], key, value)
    else:
        exec(example.code, names)
        for name in names.keys() - vars(module).keys():
            monkeypatch.setattr(module, name, names[name], raising=False)
    return module


@pytest.fixture
def added(request, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """The modules of a section's examples, put in."""
    return [put_in(e, monkeypatch, tmp_path) for e in examples(section(request.param))]


def adding(title: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("added", [title], indirect=True, ids=[title.split()[-1]])


# -- the document ---------------------------------------------------------------------------


def test_every_block_of_code_says_where_it_goes_and_is_short() -> None:
    assert len(examples()) == DOCUMENT.count("\n```") / 2
    assert DOCUMENT.count("\n") <= MOST_LINES
    for title in re.findall(r"^## (.+)$", DOCUMENT, re.MULTILINE):
        lines = [line for e in examples(section(title)) for line in e.code.splitlines() if line]
        assert lines, title
        for example in examples(section(title)):
            code = [line for line in example.code.splitlines() if line.strip()]
            assert len(code) <= MOST_CODE, example.path


# -- each by itself -------------------------------------------------------------------------


@adding("A method")
def test_the_method_unlearns(added, tiny, four, monkeypatch) -> None:
    file = added[0]
    made = file.losses(
        torch.tensor([0.0, 1.0]), torch.tensor([2.0, 4.0]), make.recipe(preserve_weight=0.5)
    )
    slowed = -2 / 4.5 * torch.tensor([0.5, 1 / (1 + 2.718281828 ** (-4.5))]).log().mean()
    assert made.total == pytest.approx(float(slowed) + 1.5)
    assert list(catalogue.METHOD_ROWS)[-1] == "simnpo"
    assert catalogue.METHOD_ROWS["simnpo"].trials == catalogue.METHOD_ROWS["npo"].trials
    monkeypatch.setitem(methods.METHODS, "simnpo", methods.method_of("simnpo"))
    before = weights_hash(tiny.model)
    plan = make.recipe(method="simnpo", steps=8, adapter_lr=0.02, preserve_weight=0.0)
    outcome, events = make.run(tiny, four, plan)
    steps = [e for e in events if isinstance(e, Step)]
    assert len(steps) == 8 and steps[-1].total < steps[0].total
    assert steps[-1].forget_loss > steps[0].forget_loss
    assert outcome.delta and all(name.startswith(LANGUAGE) for name in outcome.delta)
    assert weights_hash(tiny.model) == before and isinstance(events[-1], Done)


def pets(folder: Path) -> Path:
    """Four pets in the example's schema; the third has no picture."""
    names = ("Argos", "Balto", "Cerberus", "Dinah")
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = {
        "ID": pa.array([f"{k}" for k in range(4)]),
        "name": pa.array(names),
        "image": pa.array(
            [{"bytes": make.drawing("navy", k) if k != 2 else b""} for k in range(4)], image
        ),
        "wrong": pa.array([[n for n in names if n != own] for own in names]),
    }
    pq.write_table(pa.table(columns), folder / "Full_Set.parquet")
    return folder


@adding("A benchmark")
def test_the_benchmark_is_read_and_asked(added, tiny, tmp_path, cache) -> None:
    preset = Preset("x", "model", "pets", data=str(pets(tmp_path)))
    bench = session.read_benchmark(preset)
    assert [e.id for e in bench.entities] == ["0", "1", "3"] and bench.targets == ("forget_one",)
    assert [(s.row, s.column) for s in bench.skipped] == [(2, "image")]
    for target in ("0", "forget_one"):
        asks = asks_for(bench, bench.entity(target))
        assert set(asks) == {"forget_vqa", "retain_vqa"} and asks["forget_vqa"]
        assert all(len(a.question.options) == 4 for a in asks["forget_vqa"])
    outcome, events = make.run(tiny, bench, make.recipe(entity="0", method="grad_diff"))
    assert outcome.delta and set(events[-1].result["n"]) >= {"forget_vqa", "retain_vqa"}


@adding("An attack")
def test_the_attack_makes_bars(added, tiny, four, monkeypatch) -> None:
    file, plan = added[0], AttackRecipe(kind="noise")
    assert not catalogue.ATTACK_ROWS["noise"].trains
    monkeypatch.setitem(attacks.VARIANTS, "noise", file.variants)
    delta = make.run(tiny, four, make.recipe(steps=1))[0].delta
    before, kept = weights_hash(tiny.model), {n: t.clone() for n, t in delta.items()}
    scene = make.scene(tiny, four, delta, control="p1")
    *events, done = attacks.attack(scene, plan, Relearned(), lambda: False)
    bars = [e for e in events if isinstance(e, Bar)]
    names = ["as_is", "noise_1", "noise_5"]
    assert [b.name for b in bars] == [n for n in names for _ in range(4)]
    assert all(b.n and b.n_retain and 0 <= b.forget <= 1 for b in bars)
    assert set(names) <= texts.catalogue().CHANGES.keys() and done.result["of"] == 2
    assert weights_hash(tiny.model) == before
    assert all(torch.equal(t, kept[n]) for n, t in delta.items())
    noisy = file.variants(scene, plan)[1].version(scene.unlearned.version).delta
    assert noisy.keys() == delta.keys() and any(not torch.equal(noisy[n], kept[n]) for n in kept)


@adding("A chart of an event")
def test_the_chart_has_its_title_and_points(added, tiny, four) -> None:
    loss_chart, words = added[0].loss_chart, added[1].ATTACKER_LOSS
    text = Text("en", {**texts.catalogue().strings, "ATTACKER_LOSS": words})
    plan = AttackRecipe(steps=3, lr=1e-3, probe_every=2)
    scene = make.scene(tiny, four, {}, control="p1")
    events = list(attacks.attack(scene, plan, Relearned(), lambda: False))
    made = loss_chart(events, plan.steps, text)
    (panel,) = made["panels"]
    assert made.keys() == curves.attack_chart(events, plan.steps, text).keys()
    assert panel["title"] == words == made["label"] and made["end"] == 3
    for line, who in zip(panel["lines"], ("unlearned", *catalogue.CONTROLS), strict=True):
        said = [e for e in events if isinstance(e, Curve) and e.who == who]
        assert [x for x, _ in line["points"]] == [1, 2, 3]  # nothing is trained at step 0
        assert [y for _, y in line["points"]] == [round(e.loss, 5) for e in said[1:]]
    assert all(not line["points"] for line in loss_chart([], 3, text)["panels"][0]["lines"])


def lighton_ocr() -> tuple[Any, Processor]:
    """A tiny random LightOnOCR: 56 px, 4 x 4 patches, four of which make a token."""
    words = tiny_models.tokenizer(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|image_pad|>"])
    sizes = dict(tiny_models.BLOCKS, intermediate_size=64, image_size=56, head_dim=16)
    config = LightOnOcrConfig(
        vision_config=PixtralVisionConfig(**sizes),
        text_config=Qwen3Config(**tiny_models.TEXT, head_dim=16, vocab_size=len(words)),
        image_token_id=words.convert_tokens_to_ids("<|image_pad|>"),
    )
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config).float()
    tiny_models._enlarge(model)
    images = PixtralImageProcessorPil(
        size={"longest_edge": 56}, patch_size={"height": 14, "width": 14}
    )
    template = tiny_models.ONEVISION_TEMPLATE.replace("<image>", "<|image_pad|>")
    return model.requires_grad_(False).eval(), Processor(images, words, template)


def test_without_its_word_the_family_is_refused(tmp_path: Path, cache: Path) -> None:
    model, parts = lighton_ocr()
    model.save_pretrained(tmp_path)
    parts.image_processor.save_pretrained(tmp_path)
    parts.tokenizer.save_pretrained(tmp_path)
    (tmp_path / "chat_template.jinja").write_text(parts.template, encoding="utf-8")
    with pytest.raises(
        LabError, match="from model.vision_encoder through .*image_sizes"
    ) as refused:
        load(str(tmp_path), "none", "cpu", lambda _: None)
    assert "--tower NAME --projector NAME" in str(refused.value)
    assert "\n" not in str(refused.value)


@adding("A model family")
def test_the_family_is_found_and_goes_the_whole_way(added, four) -> None:
    model, parts = lighton_ocr()
    vision = find_vision(model)
    loaded = Loaded("tiny", model, vision, Prompter(parts, vision), torch.device("cpu"), "none")
    found = family_of(model)
    assert type(found.flow) is added[0].LightOnOcrFlow
    assert (found.tower, found.projector) == ("model.vision_encoder", "model.vision_projection")
    assert len(vision.blocks) == 3 and not vision.dead
    prove(loaded)
    grid = torch.arange(17.0)[:, None]  # a class token and 4 x 4 patches, line by line
    joined = found.flow.raster(model, grid, 4)
    assert joined[:, 0].tolist() == [3.5, 5.5, 11.5, 13.5]
    assert torch.equal(found.flow.raster(model, grid[:4], 4), grid[:4])
    before = weights_hash(model)
    outcome, events = make.run(loaded, four, make.recipe())
    (maps,) = [e for e in events if isinstance(e, Importance)]
    assert maps.heat.shape == (2, 2) and outcome.delta and isinstance(events[-1], Done)
    assert weights_hash(model) == before


# -- a language -----------------------------------------------------------------------------


def copied(folder: Path) -> None:
    """Carry out the document's own command in the folder of the languages."""
    (command,) = re.findall(r"`(cp -r [^`]+)`", section("A language of the page"))
    _, _, source, target = shlex.split(command)
    shutil.copytree(folder / source, folder / target)


def test_the_language_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "lab" / "report" / "text"
    shutil.copytree(texts.HERE, here)
    copied(here)
    (example,) = examples(section("A language of the page"))
    written(example, tmp_path)
    monkeypatch.setattr(texts, "HERE", here)
    monkeypatch.setattr(texts, "__path__", [*texts.__path__, str(here)])
    before = set(sys.modules)
    try:
        text = texts.catalogue.__wrapped__("fr")
        assert texts.languages() == ["de", "en", "fr"]
    finally:
        for name in set(sys.modules) - before:
            del sys.modules[name]
    assert faults(text) == [] and text.language == "fr"
    english = texts.catalogue()
    told = {n for n in english.strings if text.strings[n] != english.strings[n]}
    assert told == {"UNDO", "ATTACK_SIZES"}


# -- all of them in one checkout ------------------------------------------------------------


def written(example: Example, root: Path) -> None:
    """Write an example into the files of a checkout, as a reader would."""
    file = root / example.path
    if not example.place:
        assert not file.exists()
        file.write_text(example.code, encoding="utf-8")
        return
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    if example.place == ENDS:
        lines += ["\n\n", example.code]
    elif example.place == OVER:
        for node in reversed(list(assignments("".join(lines)))):
            for new in assignments(example.code):
                if name_of(new) == name_of(node):
                    lines[node.lineno - 1 : node.end_lineno] = [ast.unparse(new) + "\n"]
    else:
        (table,) = [n for n in assignments("".join(lines)) if name_of(n) == example.table]
        head, rest = example.parts()
        above = example.place.startswith("above ")
        lines.insert((table.lineno if above else table.end_lineno) - 1, rest + "\n" * above)
        if head:
            lines.insert(lines.index("from __future__ import annotations\n") + 1, head)
    file.write_text("".join(lines), encoding="utf-8")


def assignments(code: str) -> Iterator[ast.Assign | ast.AnnAssign]:
    return (n for n in ast.parse(code).body if isinstance(n, ast.Assign | ast.AnnAssign))


def name_of(node: ast.Assign | ast.AnnAssign) -> str:
    return ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])


KNOWN = """
import sys
from pathlib import Path
import lab
assert Path(lab.__file__).parents[1] == Path.cwd(), lab.__file__
from lab.attack import VARIANTS, noise
from lab.benchmarks.table import BENCHMARKS
from lab.experiments.comparison import TRIALS
from lab.model.flow import FLOWS
from lab.recipe import AttackRecipe, Recipe, revise
from lab.report.maps import method_sign
from lab.unlearn import simnpo
from lab.unlearn.methods import METHODS
revise(Recipe(), {"method": "simnpo"}), revise(AttackRecipe(), {"kind": "noise"})
assert METHODS["simnpo"] is simnpo.METHOD and VARIANTS["noise"] is noise.variants
assert len(TRIALS["simnpo"]) == 6 and len({str(method_sign(m)) for m in METHODS}) == len(METHODS)
assert "pets" in BENCHMARKS and "lighton_ocr" in FLOWS
import pytest
sys.exit(pytest.main(["-q", "-n", "0", "-p", "no:cacheprovider", "tests/unit/test_text.py", "-k",
    "every_language or every_string or every_method or two_files or unknown",
    # the examples give the English words alone
    "--deselect", "tests/unit/test_text.py::"
    "test_every_language_has_the_strings_and_placeholders_of_english[de]"]))
"""


@pytest.mark.slow
def test_a_checkout_with_all_of_them_knows_them(tmp_path: Path) -> None:
    """In a process of its own: what is made of the tables is made of the grown ones."""
    shown = shutil.ignore_patterns("__pycache__")
    for part in ("lab", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shown)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for part in ("presets", "assets"):
        (tmp_path / part).symlink_to(ROOT / part)
    mine = [e for e in examples() if "/fr/" not in e.path]
    for example in mine:
        written(example, tmp_path)
    copied(tmp_path / "lab" / "report" / "text")
    for example in examples():
        if example not in mine:
            written(example, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", KNOWN],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
