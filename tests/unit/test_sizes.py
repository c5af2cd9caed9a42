"""Models of published sizes: true architectures by count, and tiny ones measured the whole way."""

from __future__ import annotations

import json

import pytest
import torch

from lab.bench import baselines, model_sizes, random_model
from lab.cli.main import main
from lab.errors import LabError
from lab.model import memory, tiny_models
from lab.model.memory import needed_bytes
from lab.model.overlay import weights_hash
from lab.model.precision import stored_dtype
from lab.model.published import PUBLISHED
from lab.saliency.fisher import squared_gradients
from lab.unlearn.batches import Rows
from lab.unlearn.task import task_of
from tests.unit.test_loading import held_bytes

CPU, GPU = torch.device("cpu"), torch.device("cuda")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]
# millions of parameters as the published checkpoints have them, and tokens of a picture in the lab
COUNTED = {
    "llava-1.5-7b": (7063.4, 576),
    "qwen2-vl-2b": (2209.0, 256),
    "qwen2-vl-7b": (8291.4, 256),
    "smolvlm-500m": (507.5, 64),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes_are_the_published_models(name: str) -> None:
    millions, tokens = COUNTED[name]
    shape = PUBLISHED[name]
    assert random_model.parameters(shape) / 1e6 == pytest.approx(millions, abs=0.05)
    patches = (shape.side // shape.vision["patch_size"]) ** 2
    joined = shape.whole.get("scale_factor", shape.vision.get("spatial_merge_size", 1)) ** 2
    assert patches // joined == tokens and shape.source.startswith("config.json of ")
    config, _ = tiny_models.described(shape)
    assert config.get_text_config().vocab_size == shape.text["vocab_size"]


@pytest.mark.parametrize(("name", "gigabytes"), [("llava-1.5-7b", 5.16), ("qwen2-vl-7b", 8.25)])
def test_embeddings_and_output_layer_are_bfloat16_on_a_gpu_alone(
    name: str, gigabytes: float
) -> None:
    config, _ = tiny_models.described(PUBLISHED[name])
    text = config.get_text_config()
    gpu, cpu = (needed_bytes(config, "nf4", device) for device in (GPU, CPU))
    assert gpu / 1e9 == pytest.approx(gigabytes, abs=0.01)
    assert cpu - gpu > 2 * 2 * text.vocab_size * text.hidden_size  # and the norms
    assert stored_dtype("nf4", GPU) == stored_dtype("int8", GPU) == torch.bfloat16
    assert (
        {stored_dtype(q, CPU) for q in random_model.KINDS}
        == {torch.float32}
        == {stored_dtype("none", GPU)}
    )


@pytest.mark.parametrize("kind", ["clip", "smolvlm", "qwen2_vl", "llava_onevision"])
def test_a_model_made_on_the_device_is_like_a_loaded_one(kind: str) -> None:
    pytest.importorskip("bitsandbytes")
    like, _ = tiny_models.build(kind)
    tables = dict(like.named_buffers())
    for quantization in random_model.KINDS:
        made = random_model.make(f"tiny-{kind}", quantization, CPU)
        assert held_bytes(made.model) == needed_bytes(made.model.config, quantization, CPU)
        found = dict(made.model.named_buffers())
        assert found.keys() == tables.keys() and all(
            torch.equal(b, tables[n]) for n, b in found.items()
        )
        assert {n for n, _ in made.model.named_parameters()} == {
            n for n, _ in like.named_parameters()
        }
        assert not any(p.requires_grad or p.is_meta for p in made.model.parameters())
        spread = made.model.get_parameter(f"{made.vision.blocks[0].first_name}.weight").std()
        assert 0.005 < float(spread) < 0.5
    again = random_model.make(f"tiny-{kind}", "none", CPU)
    assert weights_hash(again.model) == weights_hash(made.model)


def row(capsys, *words: str) -> dict:
    main(["bench", "--random", *words, "--rounds", "1", "--json"])
    return json.loads(capsys.readouterr().out)


def test_a_tiny_size_is_measured_the_whole_way(capsys) -> None:
    made = row(capsys, "tiny-clip", "--quantization", "none")
    assert (
        made["model"] == "tiny-clip"
        and made["weights"] == "random"
        and made["quantization"] == "none"
    )
    assert set(made["seconds"]) == {
        "load",
        "importance",
        "fisher",
        "prepare",
        "vkd_step",
        "full_step",
    }
    assert all(s > 0 for s in made["seconds"].values()) and made["tokens_per_second"] > 0
    assert made["n"]["fisher_samples"] == 16 and made["n"]["batch"] == made["micro_batch"] == 4
    assert (
        made["recomputed"] is False
        and made["full_step_reason"] == ""
        and made["peak_memory_mb"] > 0
    )
    table = model_sizes.table(made)
    assert table.count("\n") == 3 and "| tiny-clip | none |" in table and "4 of 4" in table


def test_a_quantised_size_has_no_full_step_and_says_why(capsys) -> None:
    pytest.importorskip("bitsandbytes")
    made = row(capsys, "tiny-qwen2_vl", "--quantization", "nf4")
    assert made["seconds"]["full_step"] is None and "cannot be trained" in made["full_step_reason"]
    assert "cannot be trained" in model_sizes.table(made)


def test_a_full_step_that_does_not_fit_says_so(tiny, four, monkeypatch) -> None:
    from tests.unit import tiny as make

    monkeypatch.setattr(model_sizes, "available_mb", lambda device: 1.0)
    made = model_sizes._full_step(tiny, task_of(four, make.recipe()), 1)
    assert made.seconds is None and "needs 0.0 GB" in made.reason


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("llava-1.5-7b", "--quantization", "none"),
            "needs about 26.3 GB at none, you have 16.0: choose nf4 or",
        ),
        (("llava-1.5-7b", "--quantization", "nf4"), "7.1 billion parameters and there is no GPU"),
        (
            ("llava-2",),
            "valid are llava-1.5-7b, qwen2-vl-2b, qwen2-vl-7b, smolvlm-500m, tiny-dinov2",
        ),
        (("tiny-clip", "--quantization", "gguf-q4"), "valid are int8, nf4, none"),
        (("tiny-clip", "--memory", "4"), "--memory holds on a GPU only"),
    ],
)
def test_what_cannot_be_measured_here(words, line: str, capsys, monkeypatch) -> None:
    monkeypatch.setattr(memory, "available_mb", lambda device: 16 * 1024)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--random", *words, "--json"])
    out, told = capsys.readouterr()
    assert ended.value.code == 2 and out == "" and line in told.splitlines()[-1]


def test_too_little_memory_is_told_before_anything_is_made(monkeypatch) -> None:
    monkeypatch.setattr(memory, "available_mb", lambda device: 4096.0)
    monkeypatch.setattr(random_model, "_fill", lambda *_: pytest.fail("made all the same"))
    with pytest.raises(
        LabError, match=r"needs about 5.3 GB at nf4, you have 4.0: choose a smaller"
    ):
        random_model.make("llava-1.5-7b", "nf4", CPU)


def test_the_librarys_own_way_takes_qwens_pictures_too(four) -> None:
    loaded = tiny_models.tiny("qwen2_vl")
    samples = Rows(four, four.entities[0], 0).fisher_samples(4)[0]
    looped = baselines.looped_fisher(loaded, 2, samples)
    batched = squared_gradients(loaded, loaded.vision.trained(2), samples)
    for name, value in looped.items():
        assert torch.allclose(batched[name], value, rtol=2e-3, atol=2e-4 * float(value.max())), name
