"""What the page teaches in words: every step has an idea, a prediction and a reason; every term a meaning."""

from __future__ import annotations

import re

import pytest

from lab.events import CLEAN
from lab.recipe import QUANTIZATIONS
from lab.report.text import catalogue, languages
from lab.ui.aids import terms, tour

MOST_WORDS = 32  # of a meaning


@pytest.mark.parametrize("language", languages())
def test_every_step_has_its_idea_and_its_prediction(language: str) -> None:
    text = catalogue(language)
    assert len(text.IDEAS) == len(text.PREDICTIONS) == len(text.STEPS) == 6
    for question, idea, why in text.IDEAS:
        assert question.endswith("?") and len(idea.split()) <= 20
        assert 35 <= len(why.split()) <= 45
    assert all(len(one) == 4 and len(set(one)) == 4 for one in text.PREDICTIONS)


@pytest.mark.parametrize("language", languages())
def test_every_term_has_one_sentence(language: str) -> None:
    text = catalogue(language)
    said = [word for words, _ in text.GLOSSARY.values() for word in words]
    assert len(said) == len(set(said))
    for words, meaning in text.GLOSSARY.values():
        assert words and meaning.endswith(".") and len(meaning.split()) <= MOST_WORDS
        assert not re.search(r"\. [A-Z]", meaning)
    assert {"vqa", "qa", "retain", "forget", "fisher", "importance", "mask", "distillation"} <= (
        text.GLOSSARY.keys()
    )
    assert {"teacher", "lora", "ag", "control", "projector", "delta", "beta", "prune"} <= (
        text.GLOSSARY.keys()
    )
    assert {"attack", "chance", "heldout", "tower", "quantisation", "entity"} <= (
        text.GLOSSARY.keys()
    )
    assert {"d_i", "d_f", "vanilla", "recovery", "delay", "patching", "barrier", "clean"} <= (
        text.GLOSSARY.keys()
    )


@pytest.mark.parametrize("language", languages())
def test_the_words_that_the_page_shows_are_terms(language: str) -> None:
    text = catalogue(language)
    terms = [word.lower() for words, _ in text.GLOSSARY.values() for word in words]
    shown = [
        *(text.FIELDS["Recipe"][name][0] for name in ("prune_share", "mask_threshold")),
        text.RESULT.format(mode=CLEAN),
        text.MEASURE_RECOVERY["trained"][0],
        text.MEASURE_DELAY[0],
        text.LOST_DEPTH,
        text.LINE_FORMULA,
    ]
    for words in (*shown, *QUANTIZATIONS[:3]):
        assert any(term in words.lower() for term in terms), words
    for name in ("prune_share", "mask_threshold"):  # plain words first, the field's name behind
        assert text.FIELDS["Recipe"][name][0].endswith(")")


def test_the_tour_takes_five_minutes_and_leads_through_all_steps() -> None:
    text = catalogue()
    assert {step for step, _ in tour.STOPS} == set(range(1, 7)) and len(text.TOUR) == len(
        tour.STOPS
    )
    assert sum(len(said.split()) for said in text.TOUR) <= 5 * 60  # read, then looked at


def test_the_script_gets_every_term_with_its_words() -> None:
    text = catalogue()
    assert terms.words(text)["terms"]["ag"][0] == ["AG", "accuracy gain"]
