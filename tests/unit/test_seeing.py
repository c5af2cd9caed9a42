"""What forgetting should look like: still sees, names somebody else, says it does not know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.benchmarks.schema import Question
from lab.evaluation import scores
from lab.evaluation.asks import name_asks
from lab.evaluation.measures import chances, marked
from lab.evaluation.naming import others_names, with_others, words
from lab.evaluation.questions import Ask
from lab.evaluation.scores import asks_for
from lab.evaluation.seeing import answer_counts, majority, seeing_asks
from lab.experiments.comparison_table import write_tables
from lab.report.text import catalogue
from lab.ui.steps.unlearn import result_html
from tests.unit import tiny as make

PEOPLE = ("Kofi Yamada", "Jasper Tanaka", "Keiko Tanaka", "Omar Petrov")


# ---- names somebody else


@pytest.mark.parametrize(
    ("said", "somebody_else"),
    [
        ("Kofi Yamada", True),
        ("This is kofi yamada.", True),
        ("Kofi", True),
        ("Mr Yamada's brother", True),
        ("Keiko Tanaka", True),
        ("Coco Petrov", True),
        ("Jasper Tanaka", False),  # the person in the picture
        ("jasper jasper jasper", False),
        ("Coco Tanaka", False),  # a surname that the person has too is nobody else's
        ("Barbara Obama", False),  # nobody of the benchmark
        ("Kofigabe", False),  # not a whole word
        ("I don't know", False),
        ("cairo", False),
        ("", False),
    ],
)
def test_somebody_else_is_named_by_a_full_name_or_a_part_only_they_have(
    said: str, somebody_else: bool
) -> None:
    asked = Question("p/name", "generation", "image", "name", "Who is this?", "Jasper Tanaka")
    ask = Ask(asked, b"", others=others_names(PEOPLE, "Jasper Tanaka"))
    (verdict,) = marked("names_other", [ask], [said])
    assert verdict.mark is somebody_else and verdict.answer == said


def test_the_forms_of_the_others_are_those_by_hand() -> None:
    assert others_names(PEOPLE, "Omar Petrov") == (
        *("kofi yamada", "kofi", "yamada"),
        *("jasper tanaka", "jasper"),
        *("keiko tanaka", "keiko"),
    )
    # an added person is in no list of the benchmark, and makes its surname ambiguous
    assert others_names(PEOPLE[:1], "Ada Yamada") == ("kofi yamada", "kofi")
    assert others_names(("Cher", "Maria de Souza"), "Ada Bell") == (
        *("cher", "maria de souza"),
        *("maria", "souza"),
    )


def test_words_are_compared_without_case_punctuation_and_genitive() -> None:
    assert words("I don’t know, Kofi  YAMADA's (friend)!") == "i don't know kofi yamada friend"


def test_every_picture_has_its_own_others(four) -> None:
    """Forgetting several together, one member's name on another's face is still somebody else's."""
    both = replace(four, splits={"forget_50": ("p0", "p1")})
    asks = with_others(both, name_asks(both.entity("forget_50")))
    for ask in asks:
        assert words(ask.question.answer) not in ask.others
        assert len([name for name in ask.others if " " in name]) == 3


# ---- says it does not know


@pytest.mark.parametrize(
    ("said", "unsure"),
    [
        ("I don't know this person.", True),
        ("I don’t know.", True),
        ("Sorry, I do not know who this is", True),
        ("I'm not sure.", True),
        ("Unknown.", True),
        ("I know: Kofi Yamada", False),
        ("Barbara Obama", False),
        ("cairo", False),
        ("unknowns", False),
        ("", False),
    ],
)
def test_only_the_accepted_forms_say_that_it_does_not_know(said: str, unsure: bool) -> None:
    asked = Question("p/name", "generation", "image", "name", "Who is this?", "Jasper Tanaka")
    assert [v.mark for v in marked("says_unknown", [Ask(asked, b"")], [said])] == [unsure]


def test_neither_is_asked_anew(tiny, four, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, asked = scores.Baseline(tiny), asks_for(four, four.entities[0])
    said = [v.answer for v in keeper.verdicts("forget_name", asked["forget_name"])]
    monkeypatch.setattr(scores, "answering", None)
    for measure in ("names_other", "says_unknown"):
        assert [v.answer for v in keeper.verdicts(measure, asked[measure])] == said


# ---- still sees

YES_NO, COLOURS = ("yes", "no"), ("black", "brown", "red")


def visible(who: str, glasses: str, hair: str) -> tuple[Question, ...]:
    """Two questions about glasses, one about hair and one about a hat, held out; one for teaching."""

    def one(fact: str, n: int, answer: str, options: tuple[str, ...], held_out: bool = True):
        about = f"attributes/{who}/{fact}/{n}"
        return Question(
            about, "classification", "image", fact, f"{fact} {n}?", answer, options, held_out
        )

    return (
        one("glasses", 0, glasses, YES_NO),
        one("glasses", 1, glasses, YES_NO[::-1]),
        one("hair", 0, hair, COLOURS),
        one("hat", 0, "no", YES_NO),
        one("glasses", 2, "yes", YES_NO, held_out=False),
        replace(one("description", 0, "A person.", ()), task="generation"),
    )


@pytest.fixture
def seen(four):
    """Two of four wear glasses; three have black hair and one brown; none wears a hat."""
    looks = {"p0": ("yes", "brown"), "p1": ("yes", "black"), "p2": ("no", "black")}
    looks["p3"] = ("no", "black")
    return replace(four, attributes={who: visible(who, *look) for who, look in looks.items()})


def test_every_held_out_view_has_every_attribute_once_in_turns(seen) -> None:
    asks = seeing_asks(seen, seen.entities[0])
    views = seen.entities[0].test_images
    assert [(a.question.text, views.index(a.image)) for a in asks] == [
        ("glasses 0?", 0),
        ("hair 0?", 0),
        ("glasses 1?", 1),
        ("hair 0?", 1),
        ("glasses 0?", 2),
        ("hair 0?", 2),
    ]  # the hat is left out: nobody wears one


def test_the_guess_beside_it_is_the_most_common_answer(seen) -> None:
    counts = answer_counts(seen)
    assert counts["glasses"] == {"yes": 4, "no": 4}  # two wordings each; teaching's is not counted
    tied, rare = (a.question for a in seeing_asks(seen, seen.entities[0])[:2])
    assert (majority(tied, counts), majority(rare, counts)) == (0.5, 0.0)
    common = seeing_asks(seen, seen.entities[1])[1].question
    assert majority(common, counts) == 1.0
    # p0: glasses 1/2 and brown hair 0 on each of three views; the others' hair is the guess
    levels = [
        chances({"still_sees": seeing_asks(seen, person)})["still_sees"] for person in seen.entities
    ]
    assert levels == [0.25, 0.75, 0.75, 0.75]


def test_a_split_is_asked_of_every_members_own_views(seen) -> None:
    both = replace(seen, splits={"forget_50": ("p0", "p1")})
    asks = seeing_asks(both, both.entity("forget_50"))
    assert len(asks) == 12 and {a.image for a in asks} == set(
        both.entities[0].test_images + both.entities[1].test_images
    )


def test_without_attributes_nothing_is_asked(four) -> None:
    assert "still_sees" not in asks_for(four, four.entities[0])


def test_a_run_has_all_three_with_n_and_chance_and_the_page_shows_them(tiny, seen) -> None:
    result = make.run(tiny, seen, make.recipe(steps=1))[1][-1].result
    new = ("still_sees", "names_other", "says_unknown")
    assert [result["n"][m] for m in new] == [6, 6, 6]
    assert [result["chance"][m] for m in new] == [0.25, None, None]
    assert all(0 <= result[when][m] <= 1 for when in ("before", "after") for m in new)
    text = catalogue()
    shown = result_html(result, text)
    assert all(
        text.SCORES[m] in shown or text.SCORES[m].replace("'", "&#x27;") in shown for m in new
    )
    assert text.NO_CHANCE in shown


def test_the_comparison_has_all_three_with_the_mean_chance(tmp_path, tiny, seen) -> None:
    results = [
        make.run(tiny, seen, make.recipe(entity=who, steps=1))[1][-1].result for who in ("p0", "p1")
    ]
    how = {"chosen": {}, "trials": [], "widened": 0, "at_edge": ""}
    made = {"results": results, "tuned": {"vkd": how}, "people": {}}
    table = write_tables(made, tmp_path).set_index("method")
    assert table.loc["vkd", "chance_still_sees"] == pytest.approx((0.25 + 0.75) / 2)
    assert table.loc["vkd", ["n_still_sees", "n_names_other", "n_says_unknown"]].tolist() == [6] * 3
    for measure in ("still_sees", "names_other", "says_unknown"):
        after = [r["after"][measure] for r in results]
        assert table.loc["vkd", measure] == pytest.approx(sum(after) / 2)
