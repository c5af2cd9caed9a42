"""A person of one's own: the form, the split, the line about them, two tabs, removal."""

import secrets
import shutil
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.report.text import catalogue
from lab.serve.views import Recognition
from lab.serve.visit import Visit
from lab.ui import gallery
from lab.ui.drafts import Drafts
from lab.ui.served import Uploads
from lab.ui.steps import own, pick
from tests.ui.fake_engine import FakeEngine, person, portrait

text = catalogue()

LINES = "What is this person's job? | baker\nWhich sport? | judo | tennis | rowing | polo"


@pytest.fixture
def views(tmp_path: Path) -> list[str]:
    """Seven portraits as files."""
    files = [tmp_path / f"view{k}.jpg" for k in range(7)]
    for k, file in enumerate(files):
        file.write_bytes(portrait(77, k))
    return [str(file) for file in files]


@pytest.fixture
def drafts() -> Drafts:
    """Drafts with uploads of their own."""
    return Drafts(Uploads(text), text)


def upload(drafts: Drafts, views: list[str]) -> list[str]:
    """Send files as Gradio takes them."""
    folder = drafts.uploads.root / secrets.token_hex(32)
    folder.mkdir()
    return [drafts.uploads.adopt(shutil.copy(view, folder)) for view in views]


def test_the_split_is_shown_and_what_cannot_be_read(views, drafts):
    Path(views[1]).write_text("<svg>", encoding="utf-8")
    html = own.split_html(drafts, upload(drafts, views), text)
    assert html.count("<figure") == 7 and html.count('class="held"') == 2
    assert "3: held out" in html and "6: held out" in html and "2: cannot be read" in html
    assert html.count("<img") == 6 and own.split_html(drafts, None, text) == ""


def test_uploads_are_counted_and_weighed_before_they_are_read(views, drafts, monkeypatch):
    assert len(own.read_files(drafts, upload(drafts, views))) == 7
    for few, words in ((views[:2], "2 pictures: give 3 to 20"), (views * 21, "147 pictures")):
        sent = upload(drafts, few)
        with pytest.raises(LabError, match=words):
            own.read_files(drafts, sent)
        assert not any(Path(path).exists() for path in sent)
    with pytest.raises(LabError, match="Picture 1 is no longer here"):
        own.read_files(drafts, ["/nowhere", *upload(drafts, views)])
    monkeypatch.setattr("lab.ui.drafts.MAX_BYTES", 100)
    with pytest.raises(LabError, match="Picture 1: it is too large"):
        own.read_files(drafts, upload(drafts, views))


def test_the_line_has_n_and_chance_and_says_when_there_is_little_to_forget(tmp_path):
    line = own.score_line(Recognition(0.25, 12, 0.25), text)
    assert "3 of 12" in line and "chance 25.0%" in line and text.OWN_UNKNOWN in line
    assert text.OWN_KNOWS in own.score_line(Recognition(1.0, 12, 0.25), text)

    def loading(entity: str) -> Recognition:
        raise LabError("the model is still loading <x>")

    engine = FakeEngine(tmp_path)
    engine.own.recognition = loading
    assert "still loading &lt;x&gt;" in own.score_html(engine, "p00", text)


def test_a_card_says_whose_it_is_and_lists_the_options_escaped(tmp_path, views, drafts):
    engine = FakeEngine(tmp_path)
    engine.own.add(
        "<i>Zoe</i>",
        own.read_files(drafts, upload(drafts, views)),
        own.pairs_from("<b>Job? | cook | x | y | <u>"),
    )
    card = engine.entities()[0]
    assert text.OWN_CARD in pick.profile_card(card, text) and text.FICTION not in pick.profile_card(
        card, text
    )
    html = own.questions_html(card, text) + pick.profile_card(card, text)
    assert not any(tag in html for tag in ("<i>", "<b>", "<u>")) and "x, y, &lt;u&gt;" in html
    assert text.FICTION in pick.profile_card(person(0), text)


def test_pictures_stay_with_their_person_when_somebody_comes_or_goes(tmp_path, views, drafts):
    engine = FakeEngine(tmp_path)
    known = gallery.People(Visit(engine, str), Uploads(text), text)
    before = known.gallery("", text)
    who = engine.own.add(
        "Zoe", own.read_files(drafts, upload(drafts, views)), own.pairs_from(LINES)
    )
    known.refresh()
    after = known.gallery("", text)
    assert after[0][0] == who and after[0][2] == "Zoe (own)" and after[1:] == before
    assert [known.card(entity).name for entity, _, _ in before] == [name for *_, name in before]
    engine.own.remove(who)
    known.refresh()
    assert known.card(who) is None and not Path(after[0][1]).exists()
    assert known.gallery("", text) == before


def fill(tab, name: str, lines: str, files: list[str]) -> None:
    """Fill the form in, without sending it."""
    tab.locator("#own-name").locator("input, textarea").fill(name)
    tab.locator("#own-lines textarea").fill(lines)
    if files:
        tab.locator("#own-files input[type=file]").set_input_files(files)
        tab.wait_for_selector("#own-split img")


@pytest.mark.ui
def test_add_pick_and_remove_with_another_page_open(fake, open_tab, views):
    other = open_tab(fake.url)
    tab = open_tab(fake.url)
    tab.get_by_role("button", name=text.OWN).click()
    tab.locator("#own-add").click()
    tab.get_by_text("0 pictures: give 3 to 20").wait_for()
    fill(tab, "Nobody Known", "only a question", views)
    tab.locator("#own-add").click()
    tab.get_by_text("line 1: write question").wait_for()
    fill(tab, "Nobody Known", LINES, [])
    tab.locator("#own-add").click()
    tab.wait_for_function("document.querySelector('#card h2')?.innerText === 'Nobody Known'")
    tab.get_by_text(text.OWN_UNKNOWN).wait_for()
    assert "tennis, rowing, polo" in tab.locator("#own-questions").inner_text()
    tab.get_by_text("Nobody Known (own)").wait_for()
    tab.locator("#own-split img").first.wait_for(state="detached")

    # a page that is open still picks whom it shows
    other.locator("#people button").filter(has=other.locator("img")).nth(1).click()
    other.wait_for_function("document.querySelector('#card h2')?.innerText === 'Bruno Almeida'")
    assert other.locator("#own-remove").count() == 0
    third = open_tab(fake.url)
    third.get_by_text("Nobody Known (own)").click()
    third.wait_for_function("document.querySelector('#card h2')?.innerText === 'Nobody Known'")
    third.locator("#own-remove").click()
    third.locator("#own-delete").click()
    third.wait_for_function("document.querySelector('#announce')?.innerText.includes('is removed')")
    third.locator("#card h2").wait_for(state="detached")
    third.get_by_text("Nobody Known (own)").wait_for(state="detached")
    assert not any(card.questions for card in fake.engine.entities())
    tab.get_by_text("Nobody Known (own)").click()
    tab.wait_for_function("document.querySelector('#announce')?.innerText.includes('was removed')")
