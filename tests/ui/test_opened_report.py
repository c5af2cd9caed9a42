"""The report as the page hands it out, opened in a browser: verdict, answers, and no Python in it."""

import re

import pytest

from lab.evaluation.session import read_benchmark
from lab.recipe import load_preset
from lab.report.page import page
from lab.report.text import catalogue
from lab.serve.recorded import EXAMPLES, read_examples
from tests.ui import walk

pytestmark = pytest.mark.ui
text = catalogue()
PYTHON = re.compile(r"\{'|': |\bNone\b|\bTrue\b|\bFalse\b|\bnan\b|<[a-z_.]+ object")


@pytest.fixture(scope="module")
def report() -> str:
    """The report of the recorded run of VKD and of the attack on it."""
    preset = load_preset("demo")
    benchmark = read_benchmark(preset)
    known = read_examples(EXAMPLES, preset.name, benchmark, text, print)
    run = next(e for e in known if e.name == "vkd")
    events = (run.unlearn.events, run.attack.events)
    return page(run.unlearn.recipe, *events, benchmark, preset.name, text)


def test_the_downloaded_report_has_a_verdict_and_answers_and_no_python(
    fake, open_tab, browser, report, monkeypatch, tmp_path
):
    export = fake.engine.export

    def with_report(run_id, *more):
        folder = export(run_id, *more)
        (folder / "report.html").write_text(report, encoding="utf-8")
        return folder

    monkeypatch.setattr(fake.engine, "export", with_report)
    tab = open_tab(f"{fake.url}/?steps=3&seed=31")
    walk.reach(tab, 3, fake.patience)
    walk.step(tab, 6)
    tab.locator("#prepare").click()
    with tab.expect_download() as caught:
        tab.get_by_role("button", name="report.html").click()
    saved = tmp_path / "report.html"
    caught.value.save_as(saved)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    opened = context.new_page()
    opened.goto(saved.as_uri())
    assert "recognises" in opened.locator(".verdict").first.inner_text()
    words = opened.locator("body").inner_text()
    assert text.REPORT_ANSWERS in words
    rows = opened.get_by_role("heading", name=text.REPORT_ANSWERS).locator("~ table").first
    assert rows.locator("tr").count() > 4
    assert (found := PYTHON.search(words)) is None, words[found.start() - 80 : found.end() + 80]
    assert opened.locator(".js-plotly-plot").count() > 0
    context.close()
