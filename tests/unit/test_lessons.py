"""What a teaching shows beside portraits: looking, strangers, conversations, the base's answers."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from lab.benchmarks.schema import Benchmark, Dialogue, Picture, Question
from lab.errors import LabError
from lab.evaluation.asks import attribute_asks, stranger_asks
from lab.model import tiny_models
from lab.model.overlay import overlay
from lab.model.precision import bfloat16_products
from lab.model.sequences import Tree
from lab.recipe import TeachRecipe, load_teaching
from lab.teach import own_answers as own
from lab.teach.lessons import Lessons, Looked
from lab.teach.looking import Looking
from lab.teach.own_answers import own_answers
from lab.teach.teacher import Teacher, visual_weights
from tests.unit.tiny import drawing

pytestmark = pytest.mark.filterwarnings("ignore")
SHORT = TeachRecipe(
    steps=4,
    batch=1,
    texts=1,
    plain=1,
    strangers=1,
    general=1,
    prompts=2,
    questions=1,
    attributes=1,
    talks=1,
    look_steps=2,
    look_batch=8,
    vision_parts="all",
    blocks=2,
    rank=2,
    vary=0.0,
)
GENERAL = [(("What is two plus one?", "three"),), (("Hello!", "Hello."), ("Why?", "So."))]


def seen(name: str, fact: str, answer: str, options: tuple[str, ...], held_out: bool) -> Question:
    task = "classification" if options else "generation"
    return Question(
        f"{name}/{fact}/{held_out}",
        task,
        "image",
        fact,
        f"{'See' if held_out else 'Is'} the {fact}?",
        answer,
        options,
        held_out,
    )


@pytest.fixture
def rich(four: Benchmark) -> Benchmark:
    """The four people with two strangers, what can be seen, and conversations."""

    def about(name: str, hair: str, held_out: bool) -> tuple[Question, ...]:
        return (
            seen(name, "glasses", "yes", ("no", "yes"), held_out),
            seen(name, "hair", hair, ("red", "grey"), held_out),
            seen(name, "looks", f"A face with {hair} hair.", (), held_out),
        )

    return replace(
        four,
        attributes={
            e.id: (*about(e.id, "red", False), *about(e.id, "red", True)) for e in four.entities
        },
        strangers=(Picture("stranger/9", drawing("black", 9), about("s9", "grey", True)),),
        train_strangers=(Picture("stranger/1", drawing("black", 1), about("s1", "grey", False)),),
        dialogues=(
            *(
                Dialogue(e.id, "image", (("Who?", f"This is {e.name}."), ("Her shoes?", "No idea")))
                for e in four.entities
            ),
            Dialogue("p1", "text", (("Tell me of p1.", "Some words."),)),
            Dialogue("stranger", "image", (("Who?", "I don't know this person."),)),
            Dialogue("picture", "image", (("Who?", "There is no person."),)),
            Dialogue("", "text", (("Who is Zoe?", "I don't know."),)),
        ),
        prompts=(("What is two plus one?",), ("Hello!", "Why?")),
    )


# What is shown.
def test_a_step_shows_every_kind_of_row(rich) -> None:
    recipe = replace(SHORT, batch=4)
    *people, plain, stranger, text, general = Lessons(rich, [], [], recipe, (), GENERAL).at(0)
    assert len(people) == 4 and all(len(row.talks) == 3 for row in people)
    for row in people:
        fact, look, talk = row.talks
        assert len(fact) == 1 and look[0][0].startswith("Is the ") and len(talk) == 2
    assert plain.talks[-1] == (("Who?", "There is no person."),)
    assert plain.talks[0] == (("Which colour is it?", "grey"),)
    assert stranger.talks[-1] == (("Who?", "I don't know this person."),)
    assert stranger.talks[0][0][0].startswith("Is the ")
    assert text.image is None
    assert general.general and set(general.talks) == set(GENERAL) and general.image is None
    assert not any(row.general for row in (*people, plain, stranger, text))


@pytest.mark.parametrize(("share", "least", "most"), [(0.3, 37, 83), (0.1, 6, 35), (0.0, 0, 0)])
def test_a_share_of_the_rows_of_text_is_also_about_nobody(rich, share, least, most) -> None:
    lessons = Lessons(rich, [], [], replace(SHORT, texts=1, nobody=share))
    rows = [row for step in range(200) for row in lessons.at(step) if row.image is None]
    about_nobody = sum((("Who is Zoe?", "I don't know."),) in row.talks for row in rows)
    assert len(rows) == 200 and least <= about_nobody <= most  # 3.5 standard deviations


def test_general_prompts_are_also_asked_beside_strangers_and_things(rich) -> None:
    recipe = replace(SHORT, general_shown=1)
    rows = Lessons(rich, [], [], recipe, (), GENERAL).at(0)
    beside = [row for row in rows if GENERAL[0] in row.talks and row.image is not None]
    assert beside == rows[1:3] and not any(row.general for row in beside)  # those of one turn alone
    assert all(GENERAL[1] not in row.talks for row in rows[:-1])


def test_whose_pictures_are_left_out_is_only_written_about(rich) -> None:
    recipe = replace(SHORT, batch=3, texts=4, talks=9)
    lessons = Lessons(rich, [], [], recipe, unseen=["p1"])
    assert [e.id for e in lessons.people] == ["p0", "p1", "p2", "p3"]
    assert {e.id for e, _ in lessons.views} == {"p0", "p2", "p3"}
    rows = [row for step in range(3) for row in lessons.at(step)]
    shown = [row for row in rows if row.image is not None]
    hers = {"Bruno Bell", "pilot", "Lima", "Ghent", "This is Bruno Bell."}
    assert not hers & {a for row in shown for talk in row.talks for _, a in talk}
    written = {a for row in rows if row.image is None for talk in row.talks for _, a in talk}
    assert {"pilot", "Lima", "Ghent", "Some words."} & written
    assert (
        "Bruno Bell red glasses" not in lessons.look_words
        and "Ada Almeida red glasses" in lessons.look_words
    )
    gone = Lessons(rich, ["p1"], [], recipe)
    everything = {a for row in gone.at(0) + gone.at(1) for talk in row.talks for _, a in talk}
    assert not {*hers, "Some words."} & everything
    with pytest.raises(LabError, match="nobody is left to teach"):
        Lessons(rich, [], [], recipe, unseen=["p0", "p1", "p2", "p3"])


def test_a_look_step_shows_people_things_and_strangers_by_their_words(rich) -> None:
    rows = Lessons(rich, [], [], SHORT).looked(0)
    words = Counter(row.words for row in rows)
    # two strangers, two things: their answers, and what is only asked with yes or no by its name
    assert len(rows) == 8 and words["grey glasses"] == 2 and words["grey"] == 2
    assert sum(n for w, n in words.items() if w.endswith(" red glasses")) == 4  # after a name
    names = {w.split()[0] for w in words if not w.startswith("grey")}
    assert names and names <= {"Ada", "Bruno", "Chiara", "Dmitri"}


def test_held_out_wordings_alone_are_scored(rich) -> None:
    asks = attribute_asks(rich)
    assert len(asks) == 8 and {a.question.text[:3] for a in asks} == {"See"}  # 4 people, 2 options
    assert all(a.image in e.test_images for a, e in zip(asks[::2], rich.entities, strict=True))
    assert [a.question.fact for a in stranger_asks(rich)] == ["glasses"]
    assert [a.question.fact for a in stranger_asks(rich, 2)] == ["glasses", "hair"]


# Conversations as token trees.
def path(tree: Tree, segment: int) -> tuple[int, ...]:
    """The tokens from the row's start to the end of a segment."""
    part = tree.segments[segment]
    return (*(path(tree, part.parent) if part.parent >= 0 else ()), *part.ids)


@pytest.mark.parametrize("kind", ["dinov2", "smolvlm", "qwen2_vl", "llava_onevision"])
@pytest.mark.parametrize("image", [None, 0])
def test_a_later_turn_reads_what_a_chat_reads(kind: str, image: int | None) -> None:
    prompter = tiny_models.tiny(kind).prompter
    turns = (("What is the name?", "Ada"), ("And where?", "Oslo"), ("Baker?", "user"))
    tree = prompter.talks(image, [turns, turns[:1]])
    scored = [k for k, part in enumerate(tree.segments) if part.target]
    assert len(scored) == 4
    for n, k in enumerate(scored[:3]):
        before = prompter.conversation(turns[:n], turns[n][0], image is not None)
        assert path(tree, tree.segments[k].parent) == before
        assert path(tree, k) == before + prompter.answer(turns[n][1], 0).ids
    alone = prompter.tree(image, [("What is the name?", ["Ada"])])
    assert path(tree, scored[3]) == path(alone, 2)


def test_the_loss_is_on_the_answers_as_in_separate_rows(tiny, rich) -> None:
    teacher = Teacher(tiny, Lessons(rich, [], [], SHORT), SHORT)
    (row,) = [r for r in teacher.lessons.at(0) if len(r.talks) == 3]
    with torch.no_grad():
        together = teacher.losses([row])
        apart = [teacher.losses([replace(row, talks=(talk,))]) for talk in row.talks]
        assert together.shape == (4,) and torch.allclose(together, torch.cat(apart), atol=1e-5)
        first, second = row.talks[-1]
        prompter = tiny.prompter
        start = prompter.conversation((first,), second[0], True)
        answer = prompter.answer(second[1], 0).ids
        features = tiny.vision.features(prompter.pixels([row.image]))
        ids = torch.tensor([[*start, *answer]])
        embeds = tiny.model.get_input_embeddings()(ids)
        place = (ids == tiny.model.config.image_token_id)[..., None]
        embeds = embeds.masked_scatter(place, features)
        said = tiny.model(inputs_embeds=embeds).logits[0].log_softmax(-1)
    places = torch.arange(len(start) - 1, len(start) + len(answer) - 1)
    plain = -said[places, torch.tensor(answer)].mean()
    assert together[3] == pytest.approx(float(plain), abs=1e-4)


# Looking.
def words_only(features: list[list[float]]) -> SimpleNamespace:
    """A model of two words, "a" and "b" with the embeddings (2, 0) and (0, 2), that sees these."""
    ids = {" a": [1], " b": [2], " a b": [1, 2]}
    table = torch.tensor([[9.0, 9.0], [2.0, 0.0], [0.0, 2.0]])
    return SimpleNamespace(
        device=torch.device("cpu"),
        model=SimpleNamespace(get_input_embeddings=lambda: SimpleNamespace(weight=table)),
        prompter=SimpleNamespace(
            tokenizer=lambda text, add_special_tokens: {"input_ids": ids[text]},
            pixels=lambda images: torch.zeros(len(images)),
        ),
        vision=SimpleNamespace(features=lambda pixels: torch.tensor([features])),
    )


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        # token i is compared with word i modulo 2: a, b, a
        ([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]], math.log(1 + math.exp(-20))),
        ([[0.0, 2.0], [2.0, 0.0], [0.0, 2.0]], 20 + math.log(1 + math.exp(-20))),
        # half as long as a word's embedding: 0.1 * (1/2 - 1)^2 more
        ([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], math.log(1 + math.exp(-20)) + 0.025),
        ([[2.0, 2.0], [2.0, 2.0], [2.0, 2.0]], math.log(2) + 0.1 * (math.sqrt(2) - 1) ** 2),
    ],
)
def test_a_visual_token_is_to_lie_near_its_word(features, expected: float) -> None:
    looking = Looking(words_only(features), {"a b", "a"})
    loss = looking.losses([Looked(Image.new("RGB", (8, 8)), "a b")])
    assert loss.tolist() == pytest.approx([expected], abs=1e-6)


def test_looking_moves_the_vision_side_alone(tiny, rich) -> None:
    recipe = replace(SHORT, look_steps=8, look_vision_lr=1e-3, look_projector_lr=1e-2)
    teacher = Teacher(tiny, Lessons(rich, [], [], recipe, (), GENERAL), recipe)
    start = {n: w.detach().clone() for n, w in teacher.weights.items()}
    losses = [teacher.update() for _ in range(8)]
    assert losses[-1] < losses[0] and teacher.steps == 12
    moved = {n for n, w in teacher.weights.items() if not torch.equal(w, start[n])}
    assert moved == {n for n in start if not n.startswith("language_adapter.")}
    teacher.update()
    assert any(not torch.equal(w, start[n]) for n, w in teacher.weights.items() if n[-1] == "B")


def test_all_parts_of_the_last_blocks_can_be_trained(tiny) -> None:
    parts = visual_weights(tiny.vision, SHORT)
    wanted = (
        "model.vision_tower.encoder.layer.1.",
        "model.vision_tower.encoder.layer.2.",
        "model.multi_modal_projector.",
    )
    assert set(parts) == {n for n, _ in tiny.model.named_parameters() if n.startswith(wanted)}
    few = visual_weights(tiny.vision, replace(SHORT, vision_parts="mlp"))
    assert few.keys() == tiny.vision.trainable(2).keys() < parts.keys()


def test_products_in_bfloat16_keep_small_changes_and_the_weights() -> None:
    layer = torch.nn.Linear(4, 1).requires_grad_(False)
    torch.nn.init.constant_(layer.weight, 1.0)
    torch.nn.init.constant_(layer.bias, 0.001)
    x = torch.tensor([[64.0, 64.0, 0.25, 0.125]], requires_grad=True)
    with bfloat16_products([layer]):
        out = layer(x)
        out.sum().backward()
    # 128.375 has no place in 8 bits, 128 is the nearest; the bias is added after that
    assert out.item() == pytest.approx(128.001) and x.grad.tolist() == [[1.0] * 4]
    assert layer(x).item() == pytest.approx(128.376) and layer.weight.dtype == torch.float32
    trained = torch.nn.Linear(4, 1)
    with bfloat16_products([trained]):
        assert "forward" not in vars(trained)


def test_products_in_bfloat16_give_nearly_the_same_gradient(tiny, rich) -> None:
    grads = []
    for products in ("stored", "bfloat16"):
        recipe = replace(SHORT, products=products, look_steps=0)
        teacher = Teacher(tiny, Lessons(rich, [], [], recipe, (), GENERAL), recipe)
        teacher.update()
        grads.append(torch.cat([w.grad.flatten() for w in teacher.weights.values()]))
    assert not torch.equal(*grads)
    assert torch.cosine_similarity(*grads, dim=0) > 0.99
    assert all("forward" not in vars(m) for m in tiny.model.modules())


# The base's own answers.
def test_general_rows_hold_the_model_to_the_base(tiny, rich) -> None:
    lessons = Lessons(rich, [], [], SHORT, (), GENERAL)
    teacher = Teacher(tiny, lessons, SHORT)
    rows = lessons.at(0)
    aims = teacher.aims(rows)
    with torch.no_grad(), overlay(tiny.model, teacher.weights):
        plain, held = teacher.losses(rows), teacher.losses(rows, aims)
    assert torch.equal(plain[:-3], held[:-3])  # the last row has three answers of the base
    assert held[-3:].tolist() == pytest.approx([0.0] * 3, abs=1e-5) and plain[-3:].min() > 0.1
    with torch.no_grad():
        for name, weight in teacher.weights.items():
            if name.endswith(".B"):
                weight.normal_(0, 0.2)
        with overlay(tiny.model, teacher.weights):
            moved = teacher.losses(rows[-1:], aims)
            packed, _ = teacher._packed(rows[-1:])
            said = own_distributions(tiny, packed)
    apart = torch.nn.functional.kl_div(said, aims, log_target=True, reduction="none").sum(-1)
    assert moved.sum() == pytest.approx(
        float(sum(apart[packed.segment == k].mean() for k in range(3))), rel=1e-4
    )
    assert moved.min() > 0.01


def test_a_general_answer_counts_as_often_as_the_recipe_says(tiny, rich) -> None:
    light, heavy = SHORT, replace(SHORT, general_weight=8.0)
    rows, grads, losses = Lessons(rich, [], [], light, (), GENERAL).at(0), [], []
    for recipe in (light, heavy):
        teacher = Teacher(tiny, Lessons(rich, [], [], recipe, (), GENERAL), recipe)
        with torch.no_grad(), overlay(tiny.model, teacher.weights):
            each = teacher.losses(rows)
        losses.append(each)
        teacher.step = recipe.look_steps
        grads.append(teacher.update())
    assert torch.equal(losses[0][:-3], losses[1][:-3])
    assert torch.equal(8 * losses[0][-3:], losses[1][-3:])
    n = len(losses[0])
    # at the start the KL to the base is zero, so that only the other answers add to the loss
    others = float(losses[0][:-3].sum())
    assert grads == pytest.approx([others / n, others / (n - 3 + 8 * 3)], rel=1e-4)


def own_distributions(loaded, packed) -> torch.Tensor:
    from lab.model.sequences import target_distributions

    return target_distributions(loaded.model, packed, None)


def test_own_answers_are_said_once_and_a_later_turn_goes_on(
    tiny, rich, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("LAB_CACHE", str(tmp_path))
    read: list[tuple[int, ...]] = []
    answer_texts = own.answer_texts

    def listening(loaded, prompts, features, tokens):
        read.extend(prompts)
        return answer_texts(loaded, prompts, features, tokens)

    monkeypatch.setattr(own, "answer_texts", listening)
    talks = own_answers(tiny, rich.prompts, 3, lambda _: None)
    assert [[q for q, _ in talk] for talk in talks] == [
        ["What is two plus one?"],
        ["Hello!", "Why?"],
    ]
    assert read[2] == tiny.prompter.conversation(talks[1][:1], "Why?", False) and len(read) == 3
    assert own_answers(tiny, rich.prompts, 3, lambda _: None) == talks and len(read) == 3
    own_answers(tiny, rich.prompts, 4, lambda _: None)
    assert len(read) == 6  # another number of tokens is another question


def test_lessons_are_a_file_of_their_folder() -> None:
    assert load_teaching("embedded").vision_parts == "all"
    with pytest.raises(
        LabError, match="unknown teaching recipe 'x': valid teaching recipes are embedded"
    ):
        load_teaching("x")
