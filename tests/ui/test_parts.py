"""The page's own arithmetic and HTML, without a browser."""

import collections
import dataclasses
import io
import json
import math
import re
import subprocess
import sys
import time
import zipfile
from html import unescape
from types import SimpleNamespace

import pytest
from PIL import Image

from lab.catalogue import ATTACKS, TRAINING_ATTACKS
from lab.errors import LabError
from lab.events import Bar, Done, Phase, Probe, Step
from lab.recipe import AttackRecipe, Recipe, revise
from lab.report import curves, maps, markup
from lab.report.attack_bars import attack_bars
from lab.report.run_folder import read_events, read_head
from lab.report.text import catalogue
from lab.serve.recorded import EXAMPLES
from lab.serve.views import ORIGINAL, RunView
from lab.serve.visit import Visit
from lab.ui import figures, follow, gallery, page, runfiles, served, status, talk, waiting
from lab.ui.context import recall, recipe_controls, remember, remembered
from lab.ui.header import facts_html
from lab.ui.link import link_query
from lab.ui.steps import attack, compare, inside, pick, probes, runs
from tests.ui.fake_attacks import attack as fake_attack
from tests.ui.fake_engine import FakeEngine, importance, person, portrait, saliency

text = catalogue()


def view(state: str = "running", events: tuple = (), **more) -> RunView:
    return RunView("r", "unlearn", "p00", state, Recipe(), None, None, events, **more)


def test_people_together_have_their_faces_in_two_columns():
    def plain(colour: str) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", (300, 200), colour).save(out, "PNG")
        return out.getvalue()

    card = person(0)
    assert gallery.face_of(card) == gallery.thumbnail(card.portrait)
    group = dataclasses.replace(card, faces=(plain("red"), b"no picture", plain("blue")))
    with Image.open(io.BytesIO(gallery.face_of(group))) as image:
        corners = [image.getpixel(at) for at in ((64, 64), (192, 64), (64, 192), (192, 192))]
    near = [tuple(round(part / 127.5) for part in corner) for corner in corners]
    # the first two stand in the left column, and what cannot be read is grey
    assert near == [(2, 0, 0), (0, 0, 2), (1, 1, 1), (0, 0, 2)]


def steps(count: int) -> tuple[Step, ...]:
    return tuple(Step(i, 40, 1.0 * i, 0.0, 0.0, 0.0, 0.5) for i in range(1, count + 1))


def test_the_page_needs_no_torch():
    code = "import sys, lab.ui.page; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_app_answers_before_it_loads_the_library_of_models():
    code = "import sys, lab.ui.page, lab.serve.local; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_how_far_a_mask_can_be_trusted_is_said_and_so_is_that_nobody_knows():
    known = dataclasses.replace(saliency(1.0), overlap=0.5, overlap_chance=0.4, samples=(16, 8))
    assert "agree on 50%" in inside.stability(known, text)
    assert text.SHAKY in inside.stability(known, text)  # not 1.5 times chance
    assert text.STABLE in inside.stability(dataclasses.replace(known, overlap=0.61), text)
    unknown = dataclasses.replace(known, overlap=math.nan, overlap_chance=math.nan, samples=(1, 8))
    said = inside.stability(unknown, text)
    assert "Mask stability: unknown" in said and "nan" not in said


def test_what_can_be_asked_is_said_by_the_facts_of_the_benchmark():
    told = {"name": "A", "occupation": "b", "favourite food": "c", "shoe size": "d"}
    assert compare.askable(told, "people", text) == (
        "Ask about a person's name, occupation, favourite food, shoe size."
    )
    assert compare.askable(told, "people", catalogue("de")) == (
        "Frage zu einer Person nach: Name, Beruf, Lieblingsessen, shoe size."
    )
    assert compare.askable({"name": "A"}, "clear", text).startswith("Ask about the people of clear")


def test_smoothing_is_bias_corrected():
    flat = curves.smooth([[i, 5.0] for i in range(10)])
    assert all(y == pytest.approx(5.0) for _, y in flat)
    two = curves.smooth([[0, 0.0], [1, 1.0]])
    assert two[1][1] == pytest.approx(0.2 / 0.36)


def test_chart_values_are_small_and_finite():
    broken = Step(2001, 2001, float("nan"), 0, 0, 0, 1)
    events = (*steps(2000), broken, Probe(5, 0.5, 1, 4, 8, 0.25))
    value = curves.unlearn_chart(events, 2001, text)
    lines = [line for panel in value["panels"] for line in panel["lines"]]
    assert max(len(line["points"]) for line in lines) <= curves.MOST_POINTS
    assert "NaN" not in json.dumps(value)
    assert value["panels"][-1]["rules"] == [{"y": 0.25, "label": "chance"}]


def test_the_curves_of_a_run_fill_their_axis():
    def end(*events):
        return curves.unlearn_chart(events, 20, text)["end"]

    assert end() == 20 and end(Probe(0, 1.0, 1.0, 4, 8, 0.25)) == 20
    first, second = Step(4, 220, 1.0, 1.0, 1.0, 1.0, 0.1), Step(204, 204, 1.0, 1.0, 1.0, 1.0, 0.1)
    assert end(first) == 220 and end(first, second) == 204  # as the last step says
    assert end(first, Done("forget accuracy reached")) == 4


@pytest.mark.parametrize("name", ["undo", "vkd"])
def test_the_axis_of_a_recorded_run_ends_where_the_run_ended(name):
    folder = EXAMPLES / name
    head = read_head(folder)
    events = read_events(folder, head)
    taken = [e.step for e in events if isinstance(e, Step)]
    assert curves.unlearn_chart(events, head.recipe.steps, text)["end"] == max(taken)


def test_a_loss_the_recipe_leaves_out_has_no_panel():
    titles = [p["title"] for p in curves.unlearn_chart(steps(3), 3, text)["panels"]]
    assert text.RETAIN_LOSS in titles
    unused = [dataclasses.replace(s, retain_loss=float("nan")) for s in steps(3)]
    titles = [p["title"] for p in curves.unlearn_chart(unused, 3, text)["panels"]]
    assert text.RETAIN_LOSS not in titles and text.FORGET_LOSS in titles


def test_figures_have_hover_and_marks():
    event = importance(0.02)
    figure = maps.neuron_map(event, event.pruned, text)
    assert len(figure.data[0].z[0]) == maps.MOST_COLUMNS and len(figure.data[1].x) > 0
    assert "pruned" in figure.data[0].text[0][0]
    assert maps.ratio_map(saliency(1.0), text).data[0].z[-1][0] is None
    assert maps.overlay(portrait(1), event.heat).size == (224, 224)


def test_state_words_differ_and_eta_waits_for_three_steps():
    def line(*args, **more) -> str:
        return follow.describe(view(*args, **more), text)

    assert "estimating" in line(events=steps(2))
    assert "0.50 s per step" in line(events=steps(4))
    assert "step 4 of at most 40" in line(events=steps(4))
    assert "at most 18 s of training left" in line(events=steps(4))
    # four steps of half a second, with chats between them: five seconds pass from one to the next
    chatty = {"events": steps(4), "stamps": (0.0, 5.0, 10.0, 15.0)}
    assert "5.00 s per step" in line(**chatty) and "3 min 0 s of training left" in line(**chatty)
    note = "kept in memory only: the disk is full"
    assert line("finished", events=steps(4), note=note).endswith(note)
    words = ("Unlearning finished.", "Unlearning was stopped.", "Unlearning failed.")
    assert tuple(line(state) for state in follow.ENDED) == words
    assert "place 2" in line("waiting", place=2)
    assert "measuring the Fisher information, 3 of 9" in line(events=(Phase("fisher", 3, 9),))
    assert "Something else, 3 of 9" in line(events=(Phase("Something else", 3, 9),))
    assert line("failed", error="NaN: lower the rate") == "Unlearning failed: NaN: lower the rate"


def test_an_ended_run_says_how_long_it_took_and_why_it_ended():
    took = {"started": 5.0, "ended": 97.0}
    attack = RunView(
        "a",
        "attack",
        "p00",
        "finished",
        Recipe(),
        AttackRecipe(),
        "r",
        (Done("steps done", {}),),
        **took,
    )
    assert follow.describe(attack, text) == (
        "The attack “Relearn on the person” finished in 1 min 32 s."
    )
    stopped = view("stopped", events=(*steps(4), Done("stopped", {})), **took)
    assert follow.describe(stopped, text) == (
        "Unlearning was stopped after 1 min 32 s, at step 4 of 40."
    )
    strange = view("finished", events=(Done("{name.__class__}", {}),))  # from a file that was sent
    assert follow.describe(strange, text) == "Unlearning finished: {name.__class__}."


def test_everything_from_outside_is_escaped():
    card = dataclasses.replace(person(0), name="<script>x</script>", biography="<i>b</i>")
    assert "<script>" not in pick.profile_card(card, text) and "<i>" not in pick.profile_card(
        card, text
    )
    assert "<b>" not in markup.table(("<b>",), [("<b>",)], "<b>")
    row = FakeEngine.probes(None, ["original"], "p00")[0]
    bad = dataclasses.replace(row, answers=("<b>",), question="<b>")
    assert "<b>" not in probes.probe_table([bad], ["<b>"], text)


def test_verdicts_are_words(tmp_path):
    html = probes.probe_table(
        FakeEngine(tmp_path).probes(["original", "x"], "p00"), ["A", "B"], text
    )
    assert "✓ right" in html and "✗ wrong" in html and "not judged" in html
    assert "A: 5 of 5 right · B: 4 of 5 right" in html


def test_result_says_the_checks_in_words():
    base = {"before": {"forget_vqa": 1.0}, "after": {"forget_vqa": 0.25}}
    html = figures.result_html(
        base | {"text_logits_identical": False, "base_unchanged": None}, text
    )
    assert "NOT identical" in html and "not checked" in html and "-75.0 points" in html
    assert "0%" not in figures.result_html({}, text)


def test_result_shows_every_measure_with_n_and_a_dash_where_there_is_no_chance():
    shares = {"celebrity_vqa": 0.5, "forget_vqa_rouge": 0.25}
    result = {
        "before": shares,
        "after": shares,
        "n": {"celebrity_vqa": 9, "forget_vqa_rouge": 4},
        "chance": {"celebrity_vqa": 0.25, "forget_vqa_rouge": None},
    }
    html = figures.result_html(result, text)
    cells = "<td>50.0%</td><td>50.0%</td><td>+0.0 points</td><td>9</td><td>25.0%</td></tr>"
    assert f">{text.SCORES['celebrity_vqa']}</td>{cells}" in html
    assert "<td>+0.0 points</td><td>4</td><td>–</td></tr>" in html and text.NO_CHANCE in html
    plain = figures.result_html(result | {"chance": {"celebrity_vqa": 0.25}}, text)
    assert text.NO_CHANCE not in plain  # an earlier version's run has no such measure


def test_a_context_is_said_and_text_is_the_same_without_it_only():
    told = {"changes": ["context"], "context": "Forget Ada.", "text_answers_changed": 0.25}
    html = figures.result_html(told | {"text_logits_identical": True}, text)
    assert "“Forget Ada.”" in html and "25.0% of the text-only questions changed" in html
    assert "without the words in front: bit for bit identical" in html
    assert text.TEXT_SAME not in html and "leave these words out" in html


def test_handlers_that_share_an_event_do_not_wait_for_each_other(tmp_path):
    listeners = collections.defaultdict(set)
    for handler in page.build(FakeEngine(tmp_path)).config["dependencies"]:
        for target in handler["targets"]:
            listeners[tuple(target)].add((handler["id"], handler["trigger_mode"]))
    shared = [modes for modes in listeners.values() if len(modes) > 1]
    assert shared and not [m for m in shared if "always_last" in dict(m).values()]


def test_the_face_is_in_view_while_a_run_about_it_is_under_way(tmp_path):
    engine = FakeEngine(tmp_path)
    seen = (importance(0.02),)
    looked = dataclasses.replace(view("finished", seen), id="i", kind="inspect")
    known = {"i": looked, "other": dataclasses.replace(looked, id="other", entity="p01")}
    engine.run = lambda run_id, visitor="": known[run_id]
    visit = Visit(engine, str)
    people = gallery.People(visit, served.Uploads(text), text)
    frame = SimpleNamespace(text=text, engine=visit, people=people)

    def pictures(run, inspected: str = "") -> int:
        return waiting.portrait_of(run, inspected, frame).count("<img")

    assert pictures(view("waiting")) == pictures(view(), "other") == 1
    assert pictures(view("running", seen)) == pictures(view(), "i") == 2
    attacked = dataclasses.replace(view(), kind="attack", parent="i")
    assert pictures(attacked) == 2
    assert pictures(view("finished", seen), "i") == pictures(None, "i") == 0


def finished(engine, run_id: str) -> str:
    while engine.run(run_id).state in ("waiting", "running"):
        time.sleep(0.02)
    return run_id


def test_looking_again_at_the_runs_leaves_a_ticked_third_column(tmp_path):
    engine = FakeEngine(tmp_path, pace=0)
    run = finished(engine, engine.submit(Recipe(entity="p01"), "unlearn"))
    attacked = finished(engine, engine.submit_attack(run, AttackRecipe()))
    frame = SimpleNamespace(
        text=text,
        engine=engine,
        examples=SimpleNamespace(shown=lambda unlearned: None),
        people=SimpleNamespace(card=lambda entity: None),
    )
    _, box, column = compare.columns(frame, "p01", run, attacked)
    assert box["visible"] is True and "value" not in box
    assert "visible" not in column
    _, box, column = compare.columns(frame, "p01", run, "")
    assert box["visible"] is False and box["value"] is False and column["visible"] is False


def test_an_attack_that_changes_nothing_is_no_third_column(tmp_path):
    engine = FakeEngine(tmp_path, pace=0.0)
    run = finished(engine, engine.submit(Recipe(entity="p00", steps=2)))
    asked = finished(engine, engine.submit_attack(run, AttackRecipe(kind="images")))
    assert talk.sides(engine, run, asked, True) == [ORIGINAL, run]
    finished(engine, engine.submit_attack(run, AttackRecipe(kind="relearn")))
    finished(engine, engine.submit_attack(run, AttackRecipe(kind="benign", steps=10)))
    assert runs.finished(engine)[0]["gain"] == pytest.approx(0.8)  # of the last relearning


@pytest.mark.parametrize(("kind", "panels"), [("quantize", 2), ("prompts", 1), ("images", 1)])
def test_bars_are_grouped_by_change(kind, panels):
    events = tuple(attacked(kind))
    html = attack_bars(events, text)
    assert html.count("<figure") == panels and html.count("--chance:25.0%") == panels
    changes = {e.name for e in events if isinstance(e, Bar)}
    assert html.count("<section>") == panels * len(changes)
    assert html.count('class="fill"') == panels * 4 * len(changes)
    assert (
        changes <= set(text.CHANGES)
        and "n = 96 questions per bar" in html
        and "width:99.0%" in html
    )
    assert attack_bars((), text) == ""


@pytest.mark.parametrize("kind", ATTACKS)
def test_attack_figures_say_formula_n_chance_and_control(kind):
    *_, done = attacked(kind)
    html = attack.figures(done.result, text)
    after, gain = done.result["after"], done.result["gain"]
    assert f"{100 * gain:+.1f} points" in html and f"{after:.1%} − after unlearning 10.0%" in html
    assert "n = 96 questions, chance 25%" in html and "another person, Jonas Conti" in html
    assert ("11 rows" in html) == (kind in TRAINING_ATTACKS) != ("highest of 3 (" in html)
    assert (
        html.count("Control “") == 2
        and ("Recovery" in html)
        and ("Delay to 80 %" in html) == (kind in TRAINING_ATTACKS)
    )
    assert ("Gain on facts that were not trained" in html) == (kind == "facts")
    assert "no control" in attack.figures({**done.result, "controls": {}}, text)


def test_figures_say_whether_a_control_s_curve_was_kept_or_came_with_the_lab():
    *_, done = attacked("relearn")

    def shown(**more):
        controls = {who: {**c, **more} for who, c in done.result["controls"].items()}
        return unescape(attack.figures({**done.result, "controls": controls}, text))

    shipped = text.CONTROL_SHIPPED.format(device="cpu, 64 threads")
    plain, kept = shown(reused=False), shown(reused=True)
    came = shown(reused=True, made_on="cpu, 64 threads")
    assert text.CONTROL_REUSED not in plain and shipped not in plain
    assert text.CONTROL_REUSED in kept and shipped not in kept
    assert came.count(shipped) == 1 and text.CONTROL_REUSED not in came


def test_the_measures_of_an_attack_by_hand():
    *_, done = attacked("facts")
    html = attack.figures(done.result, text)
    cells = [re.findall("<td[^>]*>([^<]*)</td>", row) for row in html.split("<tr>")[1:]]
    found = {row[0]: row[2:] for row in cells if row}
    # means over 20 steps: unlearned .5, never knew .45, text only .5
    assert found["Recovery"] == ["+5.0 points", "+0.0 points"]
    # 50 %: unlearned at step 10, never knew at 12.5, text only at 10
    assert found["Delay to 50 %"] == ["0.80 (10.0 ÷ 12.5 steps)", "1.00 (10.0 ÷ 10.0 steps)"]
    # 80 %: at step 17.5, and neither control gets there in 20
    assert found["Delay to 80 %"] == ["at most 0.88 (17.5 ÷ – steps)"] * 2
    assert found["R (OpenUnlearning)"] == ["0.50", "0.62"]  # .4 and .5 of .8
    gains = found["Gain on facts that were not trained"]
    assert gains == ["+80.0 points; +40.0 points", "+80.0 points; +50.0 points"]
    likely = found["Probability of the right answer"]
    assert likely[0] == "5.0% → 45.0%; 12.5% → 32.5%" and "12.5% → 37.5%" in likely[1]


def attacked(kind):
    """The events of an attack on the stand-in engine."""
    spec = RunView("a", "attack", "p00", "running", Recipe(), AttackRecipe(kind=kind), "r", ())
    return fake_attack(spec, lambda: False)


def test_finished_runs_stand_side_by_side(tmp_path):
    engine = FakeEngine(tmp_path, pace=0)
    assert runs.finished(engine) == []
    first = finished(engine, engine.submit(Recipe(entity="p01"), "unlearn"))
    finished(engine, engine.submit(Recipe(entity="p02", seed=3), "unlearn"))
    finished(engine, engine.submit(Recipe(entity="p02"), "inspect"))
    finished(engine, engine.submit_attack(first, AttackRecipe()))
    results = runs.finished(engine)
    assert [(r["entity"], r["seed"]) for r in results] == [("p01", 0), ("p02", 3)]
    assert results[0]["gain"] > 0 and results[1]["gain"] is None
    said = runs.over_all(results, {"p01": "Bruno Almeida", "p02": "Chiara Almeida"}, text)
    assert 'class="lab-verdict">Over 2 runs (people: 2)' in said and "on Bruno Almeida" in said
    elsewhere = [results[0] | {"foreign": "another model"}, results[1]]
    assert "In this one run" in runs.over_all(elsewhere, {}, text)
    table = runs.runs_table(results, text)
    assert table.count("<tr>") == 3 and "forget VQA" in table and "vkd" in table
    assert "celebrity" not in table and text.NO_CHANCE not in table
    wider = [
        results[0],
        results[1]
        | {
            "after": results[1]["after"] | {"celebrity_vqa": 0.5, "forget_qa_rouge": 0.375},
            "n": results[1]["n"] | {"celebrity_vqa": 9, "forget_qa_rouge": 20},
            "chance": results[1]["chance"] | {"celebrity_vqa": 0.25, "forget_qa_rouge": None},
        },
    ]
    table = runs.runs_table(wider, text)
    head, old, new = (re.findall("<t[hd][^>]*>([^<]*)<", row) for row in table.split("<tr>")[1:])
    at = [head.index(text.SHORT_SCORES[m]) for m in ("celebrity_vqa", "forget_qa_rouge")]
    assert [old[k] for k in at] == ["–", "–"] and [new[k] for k in at] == ["50.0%", "37.5%"]
    assert "celebrity VQA 9" in table and text.NO_CHANCE in table
    assert "celebrity VQA 9" in runs.runs_table(wider[::-1], text)  # though the newest lacks it
    sees = results[1] | {
        "after": results[1]["after"] | {"still_sees": 0.8},
        "n": results[1]["n"] | {"still_sees": 24},
        "chance": results[1]["chance"] | {"still_sees": 0.625},
    }
    table = runs.runs_table([results[0], sees], text)
    assert "still sees 24" in table and "most common answers: p02 62.5%." in table
    unknown = results[1] | {"chance": results[1]["chance"] | {"forget_vqa": None}}
    assert text.NO_CHANCE in runs.runs_table([unknown], text)  # as somebody else's file may say
    figure = maps.runs_chart(results, None, text)
    assert [trace.name for trace in figure.data] == ["vkd", text.ORIGINAL]
    assert figure.data[0].x[0] == results[0]["after"]["forget_vqa"]
    never = runs.never_knew(engine)
    lines = [shape.x0 for shape in maps.runs_chart(results, never, text).layout.shapes]
    assert lines == [results[0]["chance"]["forget_vqa"], never]


def test_controls_come_from_the_fields():
    controls = recipe_controls(Recipe(), text, skip=("entity",))
    assert set(controls) == {f.name for f in dataclasses.fields(Recipe)} - {"entity"}
    assert all(c.label and c.info for c in controls.values())
    assert recipe_controls(AttackRecipe(), text)["scope"].choices[0][0] == "vision"


def test_a_button_that_may_refuse_waits_in_the_queue_for_its_line_is_dropped_elsewhere(tmp_path):
    clicks = [
        f
        for f in page.build(FakeEngine(tmp_path)).fns.values()
        if f.fn is not None and any(event == "click" for _, event in f.targets)
    ]
    refusing = [f for f in clicks if hasattr(f.fn, "__wrapped__")]  # as ``guarded`` leaves them
    assert len(refusing) > 10 and [f.name for f in refusing if not f.queue] == []


def test_history_keeps_runs_by_person_and_forgets_the_oldest(tmp_path):
    engine, history = FakeEngine(tmp_path), {}
    for number in range(45):
        history = remember(history, f"p{number}", "unlearn", f"r{number}")
    assert len(history) == 40 and recall(engine, history, "p0") == ["", "", ""]
    for number in range(14):
        history = remember(history, "p44", "attack", f"a{number}")
    assert remembered({"p44": history["p44"]}) == [f"a{number}" for number in range(2, 14)]
    assert remembered(remember(history, "p44", "attack", ""))[-1] == "a13"
    history = remember({}, "p44", "unlearn", "r44")
    assert recall(engine, history, "p44") == ["", "r44", ""]
    assert recall(engine, None, "p") == ["", "", ""]


def test_the_line_of_status_keeps_its_sentences_apart(tmp_path):
    engine, text = FakeEngine(tmp_path), catalogue()
    mine = [view("running", steps(1)), view("waiting", place=1)]
    engine.under_way = lambda visitor: mine if visitor == "ada" else []
    nobody = SimpleNamespace(card=lambda entity: None, of=lambda run: None, first=None, entity="")
    asked = status.Asked("p00", ("", "", ""), ())

    def now(who: str) -> status.Now:
        visit = Visit(engine, lambda: who)
        return status.now(visit, nobody, nobody, asked, False, text)

    alone, more = follow.describe(mine[0], text), "1 more of yours in the queue."
    assert not alone.endswith(".")
    assert now("ada").under_way == f"{alone}. {more}"
    # what is announced stays in view and is true at every step
    assert now("ada").said == f"Unlearning is running. {more}"
    mine.reverse()  # the running one is told of first all the same
    assert now("ada").under_way == f"{alone}. {more}"
    mine[:] = [view("waiting", place=1), view("waiting", place=2)]
    assert now("ada").under_way == now("ada").said
    assert now("ada").said.endswith(f"place 1 in the queue. {more}")
    assert now("bo").said == text.HELLO and now("bo").under_way == ""


def test_link_holds_what_differs(tmp_path):
    engine = FakeEngine(tmp_path)
    query = link_query(engine, "p03", {"steps": 40, "seed": 0, "beta": 3.0, "blocks": 4})
    assert query == "person=p03&steps=40&seed=0&beta=3.0&model=fake&benchmark=drawn"


def test_header_says_why_it_is_not_ready(tmp_path):
    engine = FakeEngine(tmp_path, load_seconds=9)
    assert "Reading the language model" in facts_html(engine.status(), text)
    broken = dataclasses.replace(engine.status(), error="offline <x>", worker="failed")
    assert "offline &lt;x&gt;" in facts_html(broken, text) and "failed" in facts_html(broken, text)


@pytest.mark.parametrize(
    "name, data",
    [("a.png", b"no picture"), ("a.jpg", b""), ("a.gif", b"GIF89a"), ("a.svg", b"<svg/>")],
)
def test_bad_pictures_are_refused(tmp_path, name, data):
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(LabError, match="not a picture"):
        gallery.read_picture(str(file), text)


def test_huge_and_truncated_pictures_are_refused(tmp_path, monkeypatch):
    file = tmp_path / "a.jpg"
    file.write_bytes(portrait(0)[:900])
    with pytest.raises(LabError, match="not a picture"):
        gallery.read_picture(str(file), text)
    file.write_bytes(portrait(0))
    assert gallery.read_picture(str(file), text) == portrait(0)
    monkeypatch.setattr(gallery, "MOST_PIXELS", 1000)
    with pytest.raises(LabError, match="too large"):
        gallery.read_picture(str(file), text)
    monkeypatch.setattr(gallery, "MOST_PICTURE_BYTES", 10)
    with pytest.raises(LabError, match="too large"):
        gallery.read_picture(str(file), text)


def pack(path, members: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w") as out:
        for name, data in members.items():
            out.writestr(name, data)
    return str(path)


def test_unpack_takes_known_names_only_and_stays_in_its_folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    good = {name: b"x" for name in runfiles.NEEDED}
    path = pack(
        tmp_path / "a.zip",
        {
            **{f"run/{k}": v for k, v in good.items()},
            "../../evil.txt": b"x",
            "evil.pkl": b"x",
            "../report.html": b"x",
        },
    )
    runfiles.unpack([path], folder, text)
    assert {p.name for p in folder.iterdir()} == {*runfiles.NEEDED, "report.html"}
    assert not (tmp_path / "report.html").exists()


def test_unpack_refuses_bombs_and_strangers(tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(LabError, match="not a run"):
        runfiles.unpack([pack(tmp_path / "a.zip", {"other.txt": b"x"})], folder, text)
    monkeypatch.setattr(runfiles, "MOST_BYTES", 100)
    bomb = {"delta.safetensors": b"0" * 1000}
    with pytest.raises(LabError, match="larger"):
        runfiles.unpack([pack(tmp_path / "b.zip", bomb)], folder, text)


def test_search_looks_at_names_and_facts(tmp_path):
    known = gallery.People(Visit(FakeEngine(tmp_path), str), served.Uploads(text), text)
    assert [c.name for c in known.search("greta conti")] == ["Greta Conti"]
    assert len(known.search("tortoise")) == 30 and known.search("zzz") == []


def test_revise_keeps_control_values_typed():
    assert revise(Recipe(), {"steps": 25.0}).steps == 25
