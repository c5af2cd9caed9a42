"""What visitors sent and the lab drew: nobody deletes another's, nothing is left of who was removed."""

import io
import os
import subprocess
import sys
import urllib.request
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from lab.errors import LabError
from lab.report.text import catalogue
from lab.ui import served
from lab.ui.drafts import Drafts
from lab.ui.steps import own
from tests.ui import walk
from tests.ui.conftest import serve
from tests.ui.fake_engine import FakeEngine, portrait
from tests.ui.test_own_person import LINES, fill

text = catalogue()

TOKEN = b"taken-at-home-7f3a"


@pytest.fixture
def marked(tmp_path: Path) -> list[str]:
    """Five portraits whose metadata holds a word, the last one unreadable."""
    files = [tmp_path / f"zora{k}.jpg" for k in range(5)]
    for k, file in enumerate(files):
        image, notes = Image.open(io.BytesIO(portrait(91, k))), Image.Exif()
        notes[0x010E] = TOKEN.decode()
        image.save(file, "JPEG", exif=notes, comment=TOKEN)
    files[4].write_bytes(b"broken " + TOKEN)
    return [str(file) for file in files]


def holders(*needles: bytes) -> list[str]:
    """The served files whose name or bytes hold one of the needles."""
    found = []
    for file in served.folder().rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        if file.suffix == ".zip" and zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as inside:
                data += b"".join(map(inside.read, inside.namelist()))
        if any(needle in data or needle in os.fsencode(file.name) for needle in needles):
            found.append(str(file))
    return found


@pytest.mark.ui
def test_nothing_is_left_of_who_was_removed(open_tab, marked, tmp_path):
    engine = FakeEngine(tmp_path / "runs", pace=0.02)
    lab = next(page := serve(engine, 30_000))
    tab = open_tab(lab.url)
    tab.get_by_role("button", name=text.OWN).click()
    fill(tab, "Zora Quell", "only a question", marked)
    assert holders(TOKEN, b"zora") == []  # as soon as they are read
    tab.locator("#own-add").click()
    tab.get_by_text("Picture 5: not a picture").wait_for()
    assert holders(TOKEN, b"zora") == []
    tab.locator("#own-files button[aria-label*='emove']").last.click()
    tab.wait_for_function("document.querySelectorAll('#own-split figure').length === 4")
    tab.locator("#own-add").click()
    tab.get_by_text("line 1: write question").wait_for()
    fill(tab, "Zora Quell", LINES, [])
    tab.locator("#own-add").click()
    tab.wait_for_function("document.querySelector('#card h2')?.innerText === 'Zora Quell'")
    assert holders(TOKEN, b"zora") == []
    card = engine.entities()[0]
    walk.look_inside(tab, lab.patience)
    walk.go_unlearn(tab)
    walk.unlearn(tab, lab.patience)
    walk.compare(tab, lab.patience)
    tab.wait_for_selector("#picture img")
    walk.from_panel(tab, "download")
    tab.locator("#files button, #files a").first.wait_for()
    about = (card.id.encode(), b"Zora Quell", *(view[-900:-800] for view in card.views))
    kept = holders(*about)
    copy = Path(came(served.Uploads(text), "drawn.jpg", card.views[0]))  # as Gradio writes one
    assert any(file.endswith("run.zip") for file in kept) and any(
        file.endswith(".jpg") for file in kept
    )
    tab.get_by_role("tab", name="1 Meet").click()
    tab.locator("#own-remove").click()
    tab.locator("#own-delete").click()
    tab.wait_for_function("document.querySelector('#announce')?.innerText.includes('is removed')")
    assert holders(*about, TOKEN, b"zora") == []
    assert not copy.exists()
    tab.close()
    next(page, None)


@pytest.mark.ui
def test_an_own_person_cannot_be_made_of_files_that_the_lab_serves(fake, open_tab):
    """A client may name any served file; whatever it names must still be there afterwards."""
    tab = open_tab(fake.url)
    faces = tab.evaluate(
        "[...document.querySelectorAll('#people img')].map(i => new URL(i.src).pathname)"
    )
    paths = [
        urllib.request.url2pathname(face.partition("/gradio_api/file=")[2]) for face in faces[:4]
    ]
    assert all(Path(path).is_file() for path in paths)
    said = tab.evaluate(
        """async ([paths, lines]) => {
      const add = gradio_config.dependencies.find(d => d.api_name === 'add');
      const files = paths.map(path => ({path, meta: {_type: 'gradio.FileData'}, orig_name: 'a.jpg'}));
      const session_hash = 'attacker' + Math.random().toString(36).slice(2);
      const body = JSON.stringify({data: ['Eve Attack', files, lines], fn_index: add.id, session_hash});
      const headers = {'Content-Type': 'application/json'};
      await fetch('gradio_api/queue/join', {method: 'POST', headers, body});
      const reader = (await fetch('gradio_api/queue/data?session_hash=' + session_hash)).body.getReader();
      let said = '';
      for (;;) {
        const {value, done} = await reader.read();
        if (value) said += new TextDecoder().decode(value);
        if (done || said.includes('process_completed')) { reader.cancel(); return said; }
      }}""",
        [paths, LINES],
    )
    assert "Picture 1 is no longer here" in said
    assert all(Path(path).is_file() for path in paths)
    assert not any(card.questions for card in fake.engine.entities())


def came(uploads: served.Uploads, name: str, data: bytes) -> str:
    """Put a file where Gradio puts an upload."""
    folder = uploads.root / sha256(data).hexdigest()
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return str(folder / name)


def test_only_what_was_sent_is_dropped(tmp_path):
    uploads = served.Uploads(text)
    mine = uploads.adopt(came(uploads, "mine.jpg", b"x"))
    copy = came(uploads, "copy.jpg", b"x")
    stranger = tmp_path / "stranger.jpg"
    stranger.write_bytes(b"x")
    uploads.drop(
        [copy, str(stranger), f"{Path(copy).parent}/../{Path(copy).parent.name}/copy.jpg", "", "/"]
    )
    assert uploads.here(mine) and Path(copy).exists() and stranger.exists()
    uploads.drop_copies()
    assert uploads.here(mine) and not Path(copy).parent.exists()
    uploads.drop([mine])
    assert not uploads.here(mine) and not Path(mine).parent.exists()


def test_who_sends_the_same_has_a_file_of_their_own():
    uploads = served.Uploads(text)
    one = uploads.adopt(came(uploads, "run.zip", b"same"))
    path = came(uploads, "run.zip", b"same")
    two, three = uploads.adopt(path), uploads.adopt(path)  # both had come before either was moved
    uploads.drop([one, three])
    assert Path(two).read_bytes() == b"same" and len({one, two, three}) == 3


def test_what_comes_while_copies_are_dropped_is_spared():
    uploads = served.Uploads(text)
    with uploads.room(10):
        path, old = came(uploads, "a.jpg", b"coming"), came(uploads, "b.jpg", b"old copy")
        os.utime(old, (1, 1))
        uploads.drop_copies()
        assert not Path(old).exists()
        kept, late = uploads.adopt(path), came(uploads, "c.jpg", b"late copy")
    assert uploads.here(kept) and not Path(late).exists()


def test_what_a_killed_lab_served_is_swept_at_the_next_start(tmp_path):
    code = (
        "import os, signal; from lab.ui import served; f = served.own_folder('people') / 'a.jpg';"
        "f.write_bytes(b'x'); print(f, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    quiet = {**os.environ, "LAB_CACHE": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", code], env=quiet, capture_output=True, text=True)
    left = Path(killed.stdout.strip())
    assert left.exists()
    again = "from lab.ui import served; print(served.folder())"
    subprocess.run([sys.executable, "-c", again], env=quiet, check=True, capture_output=True)
    assert not left.exists() and list(tmp_path.iterdir()) == []


def test_own_pictures_are_read_as_pixels_alone(marked):
    uploads = served.Uploads(text)
    paths = [
        uploads.adopt(came(uploads, f"{k}.jpg", Path(file).read_bytes()))
        for k, file in enumerate(marked[:4])
    ]
    drafts = Drafts(uploads, text)
    images = own.read_files(drafts, paths)
    assert len(images) == 4 and not any(TOKEN in data for data in images)
    assert not any(Path(path).parent.exists() for path in paths)
    assert own.read_files(drafts, paths) == images
    drafts.drop(paths)
    with pytest.raises(LabError, match="Picture 1 is no longer here"):
        own.read_files(drafts, paths)


def test_drafts_have_a_total_and_the_oldest_goes(marked, monkeypatch):
    uploads = served.Uploads(text)
    paths = [
        uploads.adopt(came(uploads, f"{k}.jpg", Path(file).read_bytes()))
        for k, file in enumerate(marked[:4])
    ]
    drafts = Drafts(uploads, text)
    drafts.collect(paths)
    weigh = [len(drafts.picture(path, 1)) for path in paths]
    monkeypatch.setattr("lab.ui.drafts.MOST_KEPT", sum(weigh) + 10)
    more = uploads.adopt(came(uploads, "more.jpg", Path(marked[0]).read_bytes()))
    drafts.collect([more])
    with pytest.raises(LabError, match="Picture 1 is no longer here"):
        drafts.picture(paths[0], 1)
    assert drafts.picture(more, 1) and drafts.picture(paths[3], 4)
