"""More or fewer tokens a picture: both forms are built of the same parts and taught equally."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assets.build import parts, tokens
from assets.build.tables import knowledge
from lab.benchmarks.people import load_people
from lab.evaluation.questions import image_features
from lab.experiments.result_file import ResultFile
from lab.model import tiny_models, tiny_parts
from lab.model.checkpoint import taught
from lab.model.load import load
from lab.recipe import TeachRecipe, load_teaching
from tests.unit.test_results import cells, hold

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def language(tmp_path: Path) -> Path:
    """A tiny language model with its tokenizer, as a folder."""
    from transformers import LlamaConfig, LlamaForCausalLM

    words = tiny_parts.tokenizer()
    config = LlamaConfig(
        **tiny_parts.TEXT,
        vocab_size=len(words),
        pad_token_id=words.pad_token_id,
        eos_token_id=words.eos_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "language")
    words.save_pretrained(tmp_path / "language")
    return tmp_path / "language"


def test_both_forms_hold_the_same_parts_and_make_16_and_65_tokens(
    language: Path, four, tmp_path: Path
) -> None:
    from transformers import Dinov2Model

    tower = Dinov2Model(parts._tower()).state_dict()
    view, made = four.entities[0].test_images[0], {}
    for build in (parts.build_aya, parts.build_llava):
        model, processor = build(language, tower)
        folder = tmp_path / build.__name__
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
        loaded = load(str(folder), "none", report=lambda _: None)
        made[build.__name__] = len(image_features(loaded, [view])[view])
        held = loaded.model.model.vision_tower.state_dict()
        assert held.keys() == tower.keys()
        assert all(held[name].equal(weight) for name, weight in tower.items())
    assert made == {"build_aya": 16, "build_llava": 65}


def test_the_people_of_one_split_are_taught_and_nothing_else() -> None:
    some, recipe = tokens.few(load_people()), load_teaching("tokens")
    assert [e.id for e in some.entities] == ["002", "005", "014", "023", "026", "039"]
    assert not (some.general or some.train_pictures or some.train_strangers or some.dialogues)
    assert (recipe.texts, recipe.plain, recipe.strangers, recipe.general) == (0, 0, 0, 0)


def test_each_form_is_taught_and_asked_once(
    four, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = {"Aya Vision": ("aya_dinov2", None), "LLaVA": ("dinov2", None)}
    monkeypatch.setattr(tokens, "FORMS", forms)
    monkeypatch.setattr(tokens, "QUANTIZATION", "none")
    monkeypatch.setattr(
        tokens, "untaught", lambda work, kind, build: tiny_models.save(work / kind, kind)
    )
    bench = replace(four, splits={tokens.SPLIT: ("p0", "p1")})
    recipe = TeachRecipe(steps=2, batch=2, texts=0, plain=0, blocks=2, rank=2)
    file = ResultFile(tmp_path / "tokens.json", {})
    tokens.measure(tmp_path, bench, recipe, 0, file, lambda _: None)
    tokens.measure(tmp_path, bench, recipe, 0, ResultFile(file.path, {}), lambda _: None)
    first, other = ResultFile(file.path, {}).rows
    assert (first["id"], other["id"]) == ("Aya Vision", "LLaVA")
    assert first["tokens"] < other["tokens"] == 5
    for row in (first, other):  # 2 people, 3 views, 4 facts
        assert row["n"] == 24 and row["chance"] == 0.25 and row["steps"] == 2
        assert row["step_seconds"] > 0
    told = [taught(tmp_path / f"tokens-{kind}") for kind, _ in forms.values()]
    assert told[0] and told[1] and told[0].plan["recipe"] == told[1].plan["recipe"]


def test_the_table_has_a_row_a_form(tmp_path: Path) -> None:
    row = {"tokens": 16, "vqa": 0.75, "n": 216, "chance": 0.25, "steps": 180, "step_seconds": 0.625}
    hold(tmp_path, "tokens", [{"id": "Aya Vision", **row}], recipe={"seed": 3})
    assert cells(knowledge.tokens(tmp_path)) == [
        ["Aya Vision", "16", "75.0 %", "25.0 %", "216", "0.62 s"]
    ]
    assert "180 steps each, seed 3;" in knowledge.tokens(tmp_path)
