"""Llama 3.2 Vision, whose pictures enter in cross-attention layers: who sees which, and who none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers.models.mllama.processing_mllama import (
    convert_sparse_cross_attention_mask_to_dense,
    get_cross_attention_token_mask,
)

from lab.benchmarks.images import decode
from lab.model import tiny_models
from lab.model.adapter import new_adapter
from lab.model.chat import answer_texts
from lab.model.context import Context
from lab.model.language import _crossed, onward
from lab.model.load import Loaded, load
from lab.model.sequences import pack, segment_means, target_log_probs
from lab.model.version import Version
from lab.saliency.fisher import Sample
from lab.saliency.language import squared_gradients
from lab.serve.chat import answers
from lab.serve.room import Room
from lab.serve.views import Turn

pytestmark = pytest.mark.filterwarnings("ignore")
QUESTION = "What is the name of this person?"
ASKED = [(QUESTION, ["Ada Almeida", "Bruno Bell"])]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return tiny_models.tiny("mllama")


def context(bench) -> Context:
    return Context("This is nobody.", "I see.", bench.entities[2].train_images[0])


def shown(loaded: Loaded, picture: bytes) -> torch.Tensor:
    with torch.no_grad():
        return loaded.vision.features(loaded.prompter.pictures([picture]))


# The tower and what it makes of a picture.
def test_the_last_blocks_are_those_of_the_second_list(loaded: Loaded) -> None:
    tower = "model.vision_model"
    assert [b.second_name for b in loaded.vision.blocks] == [
        f"{tower}.transformer.layers.0.mlp.fc2",
        f"{tower}.transformer.layers.1.mlp.fc2",
        f"{tower}.global_transformer.layers.0.mlp.fc2",
    ]
    assert loaded.vision.replay.kept == (0,) and loaded.vision.dead == ()
    assert {n.rpartition(".mlp")[0] for n in loaded.vision.trainable(1)} == {
        f"{tower}.global_transformer.layers.0",
        "",  # the projector
    }


def test_a_picture_of_any_shape_fills_one_tile(loaded: Loaded) -> None:
    wide = [Image.new("RGB", (300, 60), "navy"), Image.new("RGB", (50, 400), "navy")]
    pixels = loaded.prompter.pixels(wide)
    assert pixels.shape == (2, 1, 4, 3, 28, 28)
    assert pixels[:, :, 0].any() and not pixels[:, :, 1:].any()


def test_neurons_are_measured_where_the_picture_is(loaded: Loaded) -> None:
    # four tiles of eight rows: a class token, four patches, three that fill up
    rows = torch.arange(32.0)[None, :, None]
    assert loaded.vision.family.flow.shown(rows).flatten().tolist() == [0, 1, 2, 3, 4]


# Who sees which picture.
def test_who_sees_what_by_hand() -> None:
    # two tiles of one state each; rows: a picture at 1 and another at 3, two in a row, none
    place = torch.tensor([[0, 1, 0, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]]).bool()
    values = torch.arange(1.0, 9.0)[:, None]
    made = _crossed(place, values, 2)
    assert made["cross_attention_states"][..., 0].tolist() == [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [0, 0, 0, 0],
    ]
    first, second, both, whole = [1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 1, 0], [1, 1, 1, 1]
    assert made["cross_attention_mask"][:, 0].int().tolist() == [
        [whole, first, first, second, second],
        [first, both, both, both, both],
        [whole] * 5,
    ]
    seen = made["full_text_row_masked_out_mask"][:, 0, :, 0].tolist()
    assert seen == [[0, 1, 1, 1, 1], [1] * 5, [0] * 5]


def test_a_word_before_the_picture_sees_no_filling_of_a_longer_row() -> None:
    place = torch.tensor([[0, 1, 0], [1, 0, 1]]).bool()
    mask = _crossed(place, torch.ones(6, 1), 2)["cross_attention_mask"][0, 0]
    assert mask.int().tolist() == [[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]


def test_two_pictures_score_as_in_the_librarys_own_forward(loaded: Loaded, four) -> None:
    """The processor's own mask and both pictures' pixels, against a context and a question."""
    prompter, picture = loaded.prompter, four.entities[0].train_images[0]
    token = loaded.model.config.image_token_id
    with prompter.behind(context(four)):
        tree = prompter.tree(0, ASKED)
    packed = pack([tree], prompter.pad_id, loaded.device)
    with torch.no_grad():
        made = segment_means(
            target_log_probs(loaded.model, packed, shown(loaded, picture)), packed
        ).tolist()
    both = [decode(p) for p in (context(four).picture, picture)]
    given = loaded.vision.family.flow.given(prompter.pixels(both).transpose(0, 1))
    for score, answer in zip(made, tree.segments[2:], strict=True):
        ids = [i for s in (*tree.segments[:2], answer) for i in s.ids]
        assert ids.count(token) == 2
        mask = convert_sparse_cross_attention_mask_to_dense(
            [get_cross_attention_token_mask(ids, token)], [[1, 1]], 4, len(ids)
        )
        with torch.no_grad():
            logits = loaded.model(
                input_ids=torch.tensor([ids]),
                cross_attention_mask=torch.from_numpy(mask),
                **given,
            ).logits[0]
        n = len(answer.ids)
        found = torch.log_softmax(logits[-n - 1 : -1], -1)
        expected = found.gather(-1, torch.tensor(answer.ids)[:, None]).mean()
        assert score == pytest.approx(float(expected), abs=1e-4)


# Text beside pictures.
@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save(tmp_path_factory.mktemp("mllama") / "mllama", "mllama")


# int8 rounds by what else is in the batch, in any family
@pytest.mark.parametrize(("quantization", "off"), [("none", 1e-5), ("nf4", 1e-5), ("int8", 0.01)])
def test_text_beside_a_picture_scores_as_alone(
    quantization: str, off: float, folder: Path, four
) -> None:
    if quantization != "none":
        pytest.importorskip("bitsandbytes")
    loaded = load(str(folder), quantization, "cpu", lambda _: None)
    prompter, features = loaded.prompter, shown(loaded, four.entities[0].train_images[0])
    seen, text = prompter.tree(0, ASKED), prompter.tree(None, ASKED)
    with torch.no_grad():
        single, mixed = (
            segment_means(target_log_probs(loaded.model, packed, features), packed)
            for packed in (
                pack(rows, prompter.pad_id, loaded.device) for rows in ([text], [seen, text])
            )
        )
    assert mixed[2:].tolist() == pytest.approx(single.tolist(), abs=off)
    assert (mixed[:2] - mixed[2:]).abs().min() > 2 * off  # the picture matters


def test_a_side_that_sees_a_picture_leaves_the_other_sides_text_alone(loaded: Loaded, four) -> None:
    plain = Version("original", loaded)
    behind = Version("run", loaded, context(four).tensors())
    assert behind.context is not None
    turns = [Turn("Where do you live?", ("Oslo", "Lima")), Turn("And who are you?")]
    *_, both = answers([plain, behind], turns, None, 10)
    for k, side in enumerate((plain, behind)):
        alone = [Turn(t.question, t.answers[k : k + 1]) for t in turns]
        *_, (said,) = answers([side], alone, None, 10)
        assert both[k] == said


def test_a_chat_goes_on_as_if_it_were_read_at_once(loaded: Loaded, four) -> None:
    side, picture = [Version("original", loaded)], four.entities[0].train_images[0]
    memory = Room()
    *_, first = answers(side, [Turn(QUESTION)], picture, 8, memory)
    turns = [Turn(QUESTION, first), Turn("And where from?")]
    *_, kept = answers(side, turns, picture, 8, memory)
    *_, fresh = answers(side, turns, picture, 8)
    assert kept == fresh
    features = [shown(loaded, p)[0] for p in (picture, four.entities[1].train_images[0])]
    ids = loaded.prompter.conversation([(QUESTION, first[0])], "And where from?", True)
    assert answer_texts(loaded, [ids, ids], features, 8)[0] == fresh[0]  # the picture of its row


def test_the_next_word_sees_what_the_last_one_saw(loaded: Loaded) -> None:
    place = torch.tensor([[1, 0], [0, 0]]).bool()
    given = _crossed(place, torch.ones(4, 32), 2)
    made = onward(loaded.model, given, torch.tensor([5, 6]))
    assert made["cross_attention_mask"].int().tolist() == [[[[1, 1, 0, 0]]], [[[1] * 4]]]
    assert made["full_text_row_masked_out_mask"].flatten().tolist() == [1, 0]
    assert "cross_attention_states" not in made and made["inputs_embeds"].shape == (2, 1, 32)


def test_text_only_samples_leave_the_cross_attention_layers_out(loaded: Loaded, four) -> None:
    adapter = new_adapter(loaded.model, 2, 0)
    samples = [Sample(None, "Where does Ada live?", "Oslo")]
    made = squared_gradients(loaded, adapter, samples)
    assert made.keys() == {n for n in adapter if n.endswith(".B")}
    assert {n.split(".")[1] for n, value in made.items() if not value.any()} == {"1"}
    seen = [Sample(four.entities[0].train_images[0], "Who is this?", "Ada Almeida")]
    both = squared_gradients(loaded, adapter, samples + seen)
    crossing = [n for n in both if ".1." in n]
    alone = squared_gradients(loaded, adapter, seen)
    for name in crossing:
        assert alone[name].any() and torch.allclose(both[name], alone[name], rtol=1e-3), name
