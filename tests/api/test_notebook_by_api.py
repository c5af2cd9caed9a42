"""The notebook that goes the whole way through the API, against a served page."""

from __future__ import annotations

from tests import notebooks


def test_the_notebook_goes_the_whole_way(served, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LAB_URL", served.url)
    left = notebooks.run("through-the-api")
    assert left["inside"]["state"] == "finished" and left["forgot"]["state"] == "finished"
    view = served.engine.run(left["run"])
    assert view.entity == left["person"]["id"] and view.recipe.steps == 4
    assert left["answers"].keys() == {"original", "run"}
    assert served.engine.run(left["attack"]).parent == left["run"] and "gain" in left["attacked"]
    assert "'event': 'Curve'" in capsys.readouterr().out
