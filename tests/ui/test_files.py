"""Files in and out: downloads side by side, hostile zips."""

import dataclasses
import json
import os
import secrets
import struct
import threading
import time
import urllib.request
import zipfile
import zlib
from pathlib import Path

import httpx
import pytest

from lab.errors import LabError
from lab.report.text import catalogue
from lab.ui import runfiles, served, staging
from tests.ui.conftest import serve
from tests.ui.fake_engine import FakeEngine

text = catalogue()

GOOD = {"recipe.yaml": b"steps: 3\n", "metrics.json": b"{}", "delta.safetensors": b"0" * 5000}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A run's folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    for name in runfiles.NAMES:
        (folder / name).write_bytes(os.urandom(300_000) if name in staging.SINGLE else b"x" * 10**6)
    return folder


def test_downloads_at_once_share_one_whole_zip(source):
    ready, found, faults = staging.Staging(text), [], []

    def ask() -> None:
        try:
            path = ready.stage("r1", "en", "p01", lambda: source)[staging.ZIP_NAME]
            with zipfile.ZipFile(path) as pack:
                found.append((path, pack.testzip(), len(pack.namelist())))
        except Exception as error:  # any at all is a fault here
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == [] and len(found) == 32
    assert set(found) == {(found[0][0], None, len(runfiles.NAMES))}


def test_two_languages_at_once_get_their_own_reports(source):
    ready, found = staging.Staging(text), {}

    def export(language: str) -> Path:
        fresh = source / f"report.{language}"
        fresh.write_text(language, encoding="utf-8")
        os.replace(fresh, source / "report.html")
        time.sleep(0.05)  # long enough for the other one to write its report, were there no lock
        return source

    def ask(language: str) -> None:
        files = ready.stage("r1", language, "p01", lambda: export(language))
        found[language] = Path(files["report.html"]).read_text(encoding="utf-8")

    threads = [threading.Thread(target=ask, args=(code,)) for code in ("en", "de", "fr")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"en": "en", "de": "de", "fr": "fr"}


def test_a_zip_is_made_anew_only_when_the_run_has_changed(source):
    ready = staging.Staging(text)
    first = ready.stage("r1", "en", "p01", lambda: source)
    assert ready.stage("r1", "en", "p01", lambda: source) == first
    (source / "metrics.json").write_text("{}", encoding="utf-8")
    second = ready.stage("r1", "en", "p01", lambda: source)
    assert second["run.zip"] != first["run.zip"] and not Path(first["run.zip"]).exists()
    with zipfile.ZipFile(second["run.zip"]) as pack:
        assert pack.read("metrics.json") == b"{}"
    Path(second["run.zip"]).unlink()
    assert Path(ready.stage("r1", "en", "p01", lambda: source)["run.zip"]).is_file()


def test_weights_and_events_are_in_the_zip_alone_and_old_zips_make_way(source, monkeypatch):
    ready = staging.Staging(text)
    files = ready.stage("r1", "en", "p01", lambda: source)
    assert set(files) == {"run.zip", *staging.SINGLE}
    assert {f.name for f in Path(files["run.zip"]).parent.iterdir()} == set(files)
    assert all(os.path.samefile(files[name], source / name) for name in staging.SINGLE)
    monkeypatch.setattr(staging, "MOST_BYTES", 2 * staging._size(Path(files["run.zip"]).parent))
    paths = [
        Path(ready.stage(name, "en", "p01", lambda: source)["run.zip"])
        for name in ("r1", "r2", "r3")
    ]
    assert [path.exists() for path in paths] == [False, True, True]


def test_what_is_staged_about_somebody_goes_and_what_is_gone_says_so(source, tmp_path):
    ready = staging.Staging(text)
    paths = [
        Path(ready.stage(run, "en", who, lambda: source)["run.zip"])
        for run, who in (("r1", "a"), ("r2", "b"))
    ]
    ready.drop("a")
    assert [path.parent.exists() for path in paths] == [False, True]
    with pytest.raises(LabError, match="no longer in memory"):
        ready.stage("r3", "en", "a", lambda: tmp_path / "nowhere")


def on_the_page(url: str, name: str, data: list, cookie: str = "") -> str:
    """Ask a private handler as the page does, by its number; returns all that is answered."""
    config = json.load(urllib.request.urlopen(f"{url}/config", timeout=20))
    number = next(d["id"] for d in config["dependencies"] if d["api_name"] == name)
    session = secrets.token_hex(5)
    body = json.dumps({"data": data, "fn_index": number, "session_hash": session}).encode()
    urllib.request.urlopen(
        urllib.request.Request(
            f"{url}/gradio_api/queue/join",
            body,
            {"Content-Type": "application/json", "Cookie": cookie},
        ),
        timeout=20,
    )
    said = ""
    with urllib.request.urlopen(
        f"{url}/gradio_api/queue/data?session_hash={session}", timeout=20
    ) as lines:
        while "process_completed" not in said:
            said += lines.readline().decode()
    return said


def test_gradio_makes_no_second_copy_of_a_download(source, tmp_path):
    engine = FakeEngine(tmp_path / "runs", pace=0.01)
    engine.export = lambda run_id, visitor, text: source
    lab = next(page := serve(engine, 20_000))
    run_id = engine.submit(dataclasses.replace(engine.preset.recipe, entity="p01", steps=2))
    before = {f for f in served.folder().rglob("*") if f.is_file()}
    assert "run.zip" in on_the_page(lab.url, "prepare", [run_id])
    new = [f for f in served.folder().rglob("*") if f.is_file() and f not in before]
    assert sorted(f.name for f in new if f.stat().st_size) == sorted(["run.zip", *staging.SINGLE])
    next(page, None)


def pack(path: Path, members: list[tuple[str, bytes]], kind: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", kind) as out:
        for name, data in members:
            out.writestr(name, data)
    return str(path)


def test_a_zip_of_a_million_entries_is_refused_before_it_is_read(tmp_path):
    path, folder = tmp_path / "many.zip", tmp_path / "in"
    folder.mkdir()
    entry = (
        struct.pack(
            "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0
        )
        + b"a"
    )
    count = 300_000
    body = entry * count
    for entries in (count & 0xFFFF, 3, 0xFFFF):  # what the record claims need not be true
        path.write_bytes(
            body + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, len(body), 0, 0)
        )
        started = time.monotonic()
        with pytest.raises(LabError, match="at most 64"):
            runfiles.unpack([str(path)], folder, text)
        assert time.monotonic() - started < 0.5


def test_a_zip64_record_cannot_hide_the_entries(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    members = list(GOOD.items())
    data = Path(pack(tmp_path / "a.zip", members)).read_bytes()
    end = data.rfind(b"PK\5\6")
    size, place = struct.unpack_from("<2L", data, end + 12)
    big = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 3, 3, size, place)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    (tmp_path / "b.zip").write_bytes(data[:end] + big + locator + data[end:])
    with pytest.raises(LabError, match="at most 64"):
        runfiles.unpack([str(tmp_path / "b.zip")], folder, text)


@pytest.mark.parametrize("place, value", [(8, 12), (8, 14), (8, 9), (6, 1), (0, 0), (26, 0xFFFF)])
def test_a_broken_zip_is_one_line(tmp_path, place, value):
    folder = tmp_path / "in"
    folder.mkdir()
    data = bytearray(Path(pack(tmp_path / "a.zip", list(GOOD.items()))).read_bytes())
    struct.pack_into("<H", data, place, value)
    central = data.find(b"PK\1\2")
    if place in (6, 8):
        struct.pack_into("<H", data, central + place + 2, value)
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(LabError, match="Pack the files of one run again"):
        runfiles.unpack([str(tmp_path / "b.zip")], folder, text)


def test_any_broken_byte_is_one_line(tmp_path):
    data = Path(
        pack(tmp_path / "a.zip", [(n, zlib.compress(os.urandom(200))) for n in GOOD])
    ).read_bytes()
    for place in range(len(data)):
        folder = tmp_path / f"in{place}"
        folder.mkdir()
        broken = bytearray(data)
        broken[place] ^= 0xFF
        (tmp_path / "b.zip").write_bytes(broken)
        try:
            runfiles.unpack([str(tmp_path / "b.zip")], folder, text)
        except LabError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    "members, words",
    [
        ([*GOOD.items(), ("other/recipe.yaml", b"x")], "two files named recipe.yaml"),
        ([*GOOD.items(), ("recipe.yaml", b"x")], "two files named recipe.yaml"),
        ([("recipe.yaml", b"x" * 70_000)], "recipe.yaml is larger than its limit of 0.0625 MB"),
        ([("metrics.json", b"x" * (9 << 20))], "metrics.json is larger than its limit of 8 MB"),
        ([("events.jsonl", b"x" * (65 << 20))], "events.jsonl is larger than its limit of 64 MB"),
    ],
)
def test_doubles_and_giants_are_refused(tmp_path, members, words):
    for case, kind in enumerate(("zip", "loose")):
        folder = tmp_path / f"in{case}"
        folder.mkdir()
        if kind == "zip":
            with (
                pytest.warns(UserWarning)
                if len({n for n, _ in members}) < len(members)
                else threading.Lock()
            ):
                sent = [pack(tmp_path / "a.zip", members)]
        else:
            sent = []
            for place, (name, data) in enumerate(members):
                file = tmp_path / str(place) / Path(name).name
                file.parent.mkdir()
                file.write_bytes(data)
                sent.append(str(file))
        with pytest.raises(LabError, match=words):
            runfiles.unpack(sent, folder, text)


def test_two_who_send_the_same_run_both_load_it(fake, tmp_path):
    path = pack(tmp_path / "class.zip", list(GOOD.items()))
    sent = {}
    for _ in range(2):
        with open(path, "rb") as file:
            answer = httpx.post(
                f"{fake.url}/gradio_api/upload", files={"files": ("class.zip", file)}
            )
        sent[answer.headers["set-cookie"].split(";")[0]] = answer.json()[0]
    assert len(set(sent.values())) == 2
    for cookie, file in sent.items():
        value = [{"path": file, "meta": {"_type": "gradio.FileData"}, "orig_name": "class.zip"}]
        strange = on_the_page(fake.url, "load", [value, {}])  # another visitor knows the place
        assert "Loaded" not in strange and Path(file).exists()
        assert "Loaded" in on_the_page(fake.url, "load", [value, {}], cookie)
        assert not Path(file).exists()
