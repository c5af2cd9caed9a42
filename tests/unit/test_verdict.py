"""One sentence for a result: the thresholds by figures made by hand, and what few questions allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.events import Depth, Identity, Importance
from lab.report import inner_verdict, relearned, verdict
from lab.report.certainty import difference, wilson
from lab.report.text import catalogue
from lab.report.verdict import Verdict

TEXT = catalogue()
KEYS = ("forget_vqa", "forget_qa", "retain_vqa")


def run(forget=(1.0, 0.11), retain=(0.974, 0.966), qa=(0.98, 0.98), n=(36, 16, 117), **more):
    """A run's result by hand: before and after of three measures, with chance 25 %."""
    pairs = (forget, qa, retain)
    return {
        "entity": "p0",
        "method": "vkd",
        "seed": 0,
        "before": dict(zip(KEYS, (p[0] for p in pairs), strict=True)),
        "after": dict(zip(KEYS, (p[1] for p in pairs), strict=True)),
        "n": dict(zip(KEYS, n, strict=True)),
        "chance": dict.fromkeys(KEYS, 0.25),
        "text_logits_identical": True,
        "changes": ["vision"],
        **more,
    }


def attack(before=0.11, after=0.9, n=36, controls=None, kind="relearn", **more):
    return {
        "kind": kind,
        "entity": "p0",
        "before": before,
        "after": after,
        "n": n,
        "vanilla": 1.0,
        "controls": controls or {},
        **more,
    }


def control(before, after, curve=None):
    return {"entity": "p9", "name": "Zoe", "before": before, "after": after, "curve": curve}


def test_the_intervals_are_those_of_the_papers() -> None:
    # Newcombe 1998 (one share), method 3: 81 of 263 and 15 of 148
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0.3, 0) == (0.0, 1.0)
    # Newcombe 1998 (two shares), method 10: 56 of 70 less 48 of 80
    assert difference((56 / 70, 70), (48 / 80, 80)) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_a_forgotten_face_with_others_kept_and_text_untouched() -> None:
    said = verdict.unlearned(run(), "Helena", TEXT)
    assert said == Verdict(
        "It no longer recognises Helena: 100.0% → 11.0% (n 36, chance 25.0%). "
        "Others are still recognised: 97.4% → 96.6% (n 117). Questions in text: unchanged.",
        0,
    )


@pytest.mark.parametrize(
    ("forget", "n", "words"),
    [
        ((1.0, 0.25), 36, "It no longer recognises"),  # at chance: 13.8 to 41.1 %
        ((1.0, 0.50), 36, "It still recognises"),  # 34.5 to 65.5 %
        ((1.0, 0.36), 36, "cannot be told"),  # 22.5 to 52.4 %: neither
        ((1.0, 0.125), 8, "cannot be told"),  # 2.2 to 47.1 %: too few for "no longer"
        ((1.0, 0.0), 8, "It no longer recognises"),  # 0 to 32.4 %
        ((0.25, 0.25), 36, "There was nothing to forget"),
    ],
)
def test_whether_a_face_is_forgotten_depends_on_how_many_were_asked(forget, n, words) -> None:
    said = verdict.unlearned(run(forget=forget, n=(n, 16, 117)), "Helena", TEXT)
    assert words in said.words and f"{n}" in said.words


@pytest.mark.parametrize(
    ("retain", "n", "words", "outcome"),
    [
        ((0.97, 0.96), 117, "Others are still recognised", 0),
        ((0.97, 0.80), 117, "Others suffer", 1),
        ((0.97, 0.20), 117, "Others suffer", 2),
        ((1.0, 0.9), 10, "10 questions are too few to tell", -1),
        ((0.97, 0.93), 4000, "Others are still recognised", 0),  # certain, but less than 5 points
    ],
)
def test_what_became_of_others_is_one_of_the_predictions(retain, n, words, outcome) -> None:
    said = verdict.unlearned(run(retain=retain, n=(36, 16, n)), "Helena", TEXT)
    assert words in said.words and said.outcome == outcome
    assert len(TEXT.PREDICTIONS[2]) == 4  # a question and its three answers


def test_text_that_changed_is_said_with_its_share() -> None:
    changed = run(text_logits_identical=False, text_answers_changed=0.125)
    assert (
        "Questions in text: 12.5% of the answers changed from right to wrong or back."
        in verdict.unlearned(changed, "Helena", TEXT).words
    )
    context = run(changes=["context"], text_answers_changed=0.5)
    assert (
        "50.0% of the answers changed from right to wrong or back"
        in verdict.unlearned(context, "Helena", TEXT).words
    )


def test_a_run_that_was_not_scored_has_no_verdict() -> None:
    for said in (verdict.unlearned, verdict.met, verdict.answered, verdict.attacked):
        assert said({}, "Helena", TEXT) == Verdict("", -1)
        assert said({"before": {}, "after": {}} if said != verdict.attacked else {}, "H", TEXT) == (
            Verdict("", -1)
        )


def test_the_glance_has_the_verdict_without_figures() -> None:
    said = verdict.met(run(), "Helena", TEXT)
    assert said.words == (
        "It no longer recognises Helena. Others are still recognised. Questions in text: unchanged."
    )
    assert said.outcome == 0  # what it knows in text: the same
    assert verdict.met(run(qa=(0.98, 0.6), n=(36, 64, 117)), "H", TEXT).outcome == 1
    assert verdict.met(run(qa=(0.98, 0.2), n=(36, 64, 117)), "H", TEXT).outcome == 2


def test_who_it_says_this_is_is_counted() -> None:
    result = run(n=(36, 16, 117))
    result["after"] |= {"forget_name": 0.0, "names_other": 0.75, "says_unknown": 0.125}
    result["n"] |= {"forget_name": 8, "names_other": 8, "says_unknown": 8}
    said = verdict.answered(result, "Helena", TEXT)
    assert said.words == "0 of 8 answers give the right name." and said.outcome == 1
    assert "6 give another name, 1 say that it does not know, and 1 say something" in said.more
    assert "98.0% → 98.0% (n 16)" in said.more
    result["after"] |= {"names_other": 0.0, "says_unknown": 0.0}
    assert verdict.answered(result, "Helena", TEXT).outcome == -1  # none of the three


def test_coming_back_alone_proves_nothing() -> None:
    said = verdict.attacked(attack(), "Helena", TEXT)
    assert said.words.startswith("Helena came back: 11.0% → 90.0% (n 36). Verdict: cannot tell.")
    assert said.outcome == 2  # within ten points of the original's 100 %
    assert said.brief == "cannot tell"
    assert verdict.attacked(attack(after=0.11), "Helena", TEXT).brief == "did not come back"
    assert verdict.attacked(attack(after=0.6), "Helena", TEXT).outcome == 1


def line(low: float, high: float, steps: int = 20) -> list[list[float]]:
    """A curve that is a straight line with a probe every five steps."""
    return [[s, low + (high - low) * s / steps] for s in range(0, steps + 1, 5)]


@pytest.mark.parametrize(
    ("ours", "theirs", "n", "word"),
    [
        ((0.1, 0.9), (0.1, 0.9), 36, "forgotten"),
        ((0.1, 0.9), (0.1, 0.94), 36, "forgotten"),  # 2 points below, delay 1.05
        ((0.1, 0.9), (0.1, 0.5), 36, "hidden"),  # 20 points, delay .5 at 50 %
        ((0.5, 0.9), (0.1, 0.9), 36, "hidden"),  # half of it was there: delay 0
        ((0.1, 0.5), (0.1, 0.9), 36, "masked"),
        ((0.1, 0.3), (0.25, 0.9), 96, "masked"),
        ((0.1, 0.9), (0.0, 0.86), 36, "unsure"),  # 7 points, but all delays within the limits
        ((0.1, 0.9), (0.1, 0.9), 8, "unsure"),  # too few questions
    ],
)
def test_how_fast_a_face_is_learned_is_one_of_four_words(ours, theirs, n, word) -> None:
    result = attack(before=ours[0], after=ours[1], n=n, curve=line(*ours))
    beside = control(*theirs, line(*theirs))
    assert relearned.speed(result, beside) == word
    said = relearned.sentence(result, beside, TEXT)
    assert said.startswith(
        {"unsure": "Forgotten or not?"}.get(word, word.capitalize())
    ) and said.endswith(".")
    assert str(n) in said or word in ("hidden", "masked")


def test_recovery_and_delay_must_not_contradict_each_other() -> None:
    early = [[0, 0.1], [5, 0.6], [10, 0.6], [15, 0.6], [20, 0.6]]  # 50 % at once, 80 % never
    late = [[0, 0.1], [5, 0.2], [10, 0.9], [15, 1.0], [20, 1.0]]
    result = attack(after=0.6, n=400, curve=early)
    assert relearned.speed(result, control(0.1, 1.0, late)) == "unsure"
    bound = attack(after=0.45, n=400, curve=line(0.1, 0.45))  # never 50 %: at least 20 of 11 steps
    assert relearned.speed(bound, control(0.1, 0.8, line(0.1, 0.8))) == "masked"


def test_step_5_says_what_the_curve_means_with_its_figures() -> None:
    text = control(0.1, 0.5, line(0.1, 0.5))
    never = control(0.1, 0.1, line(0.1, 0.1))
    both = {"never_knew": never, "text_only": text}
    said = verdict.attacked(attack(curve=line(0.1, 0.9), controls=both), "Helena", TEXT)
    assert said.words == (
        "Helena came back: 11.0% → 90.0% (n 36). Hidden: learned faster than a face never seen "
        "(+20.0 points)."
    )
    assert said.brief == "hidden"
    as_fast = {"never_knew": never, "text_only": control(0.1, 0.9, line(0.1, 0.9))}
    said = verdict.attacked(attack(curve=line(0.1, 0.9), controls=as_fast), "Helena", TEXT)
    assert said.words.endswith(
        "Forgotten, as far as 36 questions show: learned as slowly as a face never seen."
    )
    assert said.brief == "forgotten"


def test_the_sentence_is_said_in_german_with_its_own_marks() -> None:
    slow = {"text_only": control(0.1, 0.5, line(0.1, 0.5))}
    words = verdict.attacked(
        attack(curve=line(0.1, 0.9), controls=slow), "Ada", catalogue("de")
    ).words
    assert words.endswith(
        "Versteckt: schneller gelernt als ein nie gesehenes Gesicht (+20,0 Punkte)."
    )


def test_a_control_that_was_stopped_at_once_decides_nothing() -> None:
    stopped = {"text_only": control(0.1, 0.1, [[0, 0.1]])}
    said = verdict.attacked(attack(curve=line(0.1, 0.9), controls=stopped), "Helena", TEXT)
    assert said.words.endswith(TEXT.VERDICT_NO_CONTROL)
    held = attack(after=0.12, curve=line(0.11, 0.12), controls=stopped)
    assert "Verdict" not in verdict.attacked(held, "Helena", TEXT).words


def test_an_attack_that_brings_nothing_back_must_be_able_to_teach() -> None:
    flat = line(0.11, 0.12)
    taught = {"text_only": control(0.17, 0.81, line(0.17, 0.81))}
    strong = attack(after=0.12, curve=flat, controls=taught)
    said = verdict.attacked(strong, "Helena", TEXT).words
    assert "did not come back" in said and "Masked: learned more slowly" in said
    weak = attack(after=0.12, curve=flat, controls={"text_only": control(0.17, 0.19, flat)})
    assert "too weak" in verdict.attacked(weak, "Helena", TEXT).words
    assert verdict.attacked(weak, "Helena", TEXT).outcome == 0
    few = verdict.attacked(attack(before=0.25, after=0.375, n=8), "Helena", TEXT)
    assert "cannot be told" in few.words and few.outcome == -1


def test_an_attack_without_training_is_compared_with_guessing() -> None:
    never = {"never_knew": control(0.2, 0.28)}
    shown = attack(after=0.6, kind="prompts", controls=never)
    assert "does not guess as well" in verdict.attacked(shown, "Helena", TEXT).words
    near = {"never_knew": control(0.2, 0.28), "text_only": control(0.2, 0.47)}
    guessed = attack(after=0.45, kind="images", controls=near)
    assert "Verdict: a guess." in verdict.attacked(guessed, "Helena", TEXT).words


def test_several_runs_are_averaged_and_the_best_balance_is_named() -> None:
    good = run(forget=(1.0, 0.1), retain=(0.97, 0.95))
    bad = run(forget=(1.0, 0.1), retain=(0.97, 0.55), entity="p1", method="npo")
    said = verdict.several([bad, good], {"p0": "Helena"}, TEXT)
    assert "2 runs (people: 2)" in said.words and "97.0% to 75.0%" in said.words
    assert "vkd on Helena: 10.0% forgotten face, 95.0% others" in said.words
    assert said.outcome == 2  # 22 points on average
    assert verdict.several([good], {}, TEXT).outcome == 0
    assert "One run shows little" in verdict.several([good], {}, TEXT).words
    assert verdict.several([{}], {}, TEXT) == Verdict()
    assert verdict.balance(good) == pytest.approx(2 * 0.9 * 0.95 / 1.85)


def test_fixed_questions_are_counted_by_group() -> None:
    marks = [
        ("Forget VQA", (True, False)),
        ("Forget VQA", (True, True)),
        ("General", (True, True)),
        ("General", (None, None)),
    ]
    said = verdict.probed(marks, TEXT)
    assert "this face (forget VQA) 2 → 1 of 2" in said and "common knowledge 1 → 1 of 1" in said
    assert verdict.probed([("General", (True,))], TEXT) == ""


def test_the_verdict_as_html_carries_what_the_prediction_needs_escaped() -> None:
    html = verdict.shown(Verdict("<b>", 2), 3, '"x"')
    assert (
        'data-step="3" data-outcome="2" data-entity="&quot;x&quot;"' in html and "&lt;b&gt;" in html
    )
    assert verdict.shown(Verdict(), 3, "p0") == ""


def test_the_look_inside_counts_neurons_that_fire_twice_as_strongly() -> None:
    score = (np.array([1.0, 2.0, 0.5, 8.0]), np.array([1.0] * 36))
    off = (np.array([False, False, False, True]), np.zeros(36, bool))
    event = Importance(("a", "b"), score, score, score, off, np.zeros((2, 2)))
    said = inner_verdict.inside(event, "Helena", TEXT)
    assert said.words.startswith(
        "2 of 40 neurons (5.0%) fire at least 2 times as strongly for Helena"
    )
    assert said.more == "The 1 that are switched off fire 8.0 times as strongly (median)."
    assert said.outcome == 1
    quiet = replace(event, score=(np.ones(4), np.ones(36)))
    assert inner_verdict.inside(quiet, "Helena", TEXT).outcome == 0


def depths(who: str, *nearest: float) -> Identity:
    names = [*(f"block {k}" for k in range(len(nearest) - 1)), "projector"]
    found = tuple(Depth(n, v, 1.0) for n, v in zip(names, nearest, strict=True))
    return Identity(who, found, 8, 80, 0.1)


def test_the_depth_panel_says_where_the_person_vanishes() -> None:
    def said(unlearned, control=None):
        return inner_verdict.depths(depths("o", 1.0, 1.0, 1.0), unlearned, control, "Helena", TEXT)

    assert "no longer tells Helena apart at any depth" in said(depths("u", 0.0, 0.125, 0.0))
    assert "Up to block 1 the unlearned model still tells" in said(depths("u", 1.0, 1.0, 0.125))
    still = depths("u", 1.0, 1.0, 0.75)
    assert "telling faces apart, no memory" in said(still, depths("c", 1.0, 1.0, 0.75))
    assert "some of the person is hidden" in said(still, depths("c", 1.0, 0.5, 0.25))
    assert said(still).endswith("n 8).")
    assert "The original tells Helena apart from block 0 on" in said(None)
