"""The endpoints for the whole way by script: look inside, follow, ask, attack."""

import json

import pytest
from gradio_client.exceptions import AppError

from lab.serve.views import Turn
from tests.api.test_api import wait


@pytest.fixture(scope="module")
def run(client) -> str:
    run_id = client.predict("p03", {"steps": 6}, api_name="/submit")
    assert wait(client, run_id)["state"] == "finished"
    return run_id


def test_an_inspection_is_queued_and_has_no_settings_of_another_person(client, served):
    run_id = client.predict("p02", {"fisher_samples": 8}, api_name="/inspect")
    assert wait(client, run_id)["state"] == "finished"
    view = served.engine.run(run_id)
    assert (view.kind, view.entity, view.recipe.fisher_samples) == ("inspect", "p02", 8)
    with pytest.raises(AppError, match="Leave entity out"):
        client.predict("p02", {"entity": "p03"}, api_name="/inspect")


def test_events_come_from_a_number_on_and_without_arrays(client, served, run):
    whole = client.predict(run, 0, api_name="/events")
    events = served.engine.run(run).events
    assert [e["event"] for e in whole["events"]] == [type(e).__name__ for e in events]
    assert whole["next"] == len(events) and whole["state"] == "finished"
    rest = client.predict(run, 3, api_name="/events")
    assert rest["events"] == whole["events"][3:] and rest["next"] == whole["next"]
    assert client.predict(run, 999, api_name="/events")["events"] == []
    steps = [e for e in whole["events"] if e["event"] == "Step"]
    assert [e["step"] for e in steps] == list(range(1, 7)) and all("total" in e for e in steps)
    maps = [e for e in whole["events"] if e["event"] in ("Importance", "Saliency")]
    assert len(maps) == 2 and all("layers" in e and "heat" not in e for e in maps)
    assert "score" not in maps[0] and "counts" not in maps[1] and "threshold" in maps[1]
    assert len(json.dumps(whole)) < 200_000


def test_a_question_is_put_to_both_models_with_and_without_the_portrait(client, served, run):
    said = client.predict(run, " Who is this? ", "p03", api_name="/chat")
    assert said["original"].startswith("I see a picture. This is Ada")
    assert said["run"].startswith("I see a picture. I cannot tell")
    sides, turns, image = served.engine.asked[-1]
    assert sides == ("original", run) and turns == (Turn("Who is this?"),)
    assert image == next(c.portrait for c in served.engine.entities() if c.id == "p03")
    assert client.predict("original", "Who?", "", api_name="/chat").keys() == {"original"}
    assert served.engine.asked[-1][2] is None


def test_an_attack_is_queued_on_a_run(client, served, run):
    attack = client.predict(run, {"steps": 5}, api_name="/attack")
    found = wait(client, attack)
    assert found["state"] == "finished" and "gain" in found["result"]
    view = served.engine.run(attack)
    assert (view.parent, view.attack.steps) == (run, 5)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("/inspect", ("nobody", {}), "unknown entity"),
        ("/inspect", ("p01", [1]), "settings must be an object"),
        ("/attack", ("0" * 16, {}), "unknown run"),
        ("/attack", ("x", {"stepps": 1}), "valid keys are"),
        ("/attack", ("x", "relearn"), "settings must be an object"),
        ("/events", ("0" * 16, 0), "unknown run"),
        ("/events", ("x", -1), "start must be a number"),
        ("/events", ("x", "0"), "start must be a number"),
        ("/events", ("x", True), "start must be a number"),
        ("/chat", ("original", "", ""), "question"),
        ("/chat", ("original", "x" * 601, ""), "600"),
        ("/chat", ("original", "Who?", "nobody"), "unknown entity nobody"),
        ("/chat", ("original", ["Who?"], ""), "question must be a text"),
        ("/chat", (3, "Who?", ""), "run_id must be a text"),
    ],
)
def test_misuse_is_one_plain_line(client, capfd, name, given, words):
    with pytest.raises(AppError, match=words) as caught:
        client.predict(*given, api_name=name)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in capfd.readouterr().err
