"""The documents: links, pictures, commands and paths hold, and nothing stands outside the README's reach."""

from __future__ import annotations

import ast
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab import __version__
from lab.cli import main as cli
from lab.cli.attack import KINDS
from lab.experiments.studies import study_of
from lab.recipe import load_preset

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCUMENTS = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
NAMED = [pytest.param(path, id=path.name) for path in DOCUMENTS]
MOST_LINES, MOST_COLUMNS = 150, 100

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
FENCED = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(r"python (?:-m [\w.]+|app\.py)")
PATH = re.compile(r"(?<![\w/.-])(?:lab|assets|tests|docs|presets)/[\w./-]*[\w/]")
PLACEHOLDER = re.compile(r"[A-Z]{2,}")  # DIR, NAME, KIND: a reader puts something there


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """A document without its fenced code."""
    return FENCED.sub("", read(path))


def links(path: Path) -> Iterator[tuple[Path, str]]:
    """Every relative link of a document: the file it leads to, and the heading or ""."""
    for link in LINK.findall(prose(path)):
        if not re.match(r"\w+:", link):
            file, _, anchor = link.partition("#")
            yield (path.parent / file).resolve() if file else path, anchor


def anchors(path: Path) -> set[str]:
    """The headings of a document as links name them."""
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in HEADING.findall(prose(path))
    }


def commands(path: Path) -> Iterator[list[str]]:
    """The words after ``python`` of every command that a document shows, in a block or in a line."""
    whole = re.sub(r"\\\n\s*", "", prose(path))
    shown = [line for line in whole.splitlines() if line.startswith("    ")]
    shown += [" ".join(span.split()) for span in CODE.findall(whole)]
    for line in shown:
        if PROGRAM.match(line.strip()):
            yield shlex.split(line, comments=True)[1:]


def test_the_readme_is_short_enough_to_be_read() -> None:
    lines = read(README).splitlines()
    assert len(lines) <= MOST_LINES
    assert not [line for line in lines if len(line) > MOST_COLUMNS]


@pytest.mark.parametrize("path", NAMED)
def test_every_link_and_picture_leads_somewhere(path: Path) -> None:
    for file, anchor in links(path):
        assert file.exists(), file
        assert file.is_relative_to(ROOT)
        assert not anchor or anchor in anchors(file), f"{file.name}#{anchor}"


@pytest.mark.parametrize("path", NAMED)
def test_every_picture_has_words_for_who_cannot_see_it(path: Path) -> None:
    assert "![](" not in read(path)


def test_every_document_is_reached_from_the_readme() -> None:
    reached, todo = {README}, [README]
    while todo:
        for file, _ in links(todo.pop()):
            if file not in reached:
                reached.add(file)
                todo += [file] * (file.suffix == ".md")
    assert {
        *DOCUMENTS,
        ROOT / "CITATION.cff",
        ROOT / "LICENSE",
        ROOT / "assets" / "LICENSES.md",
    } <= reached


@pytest.mark.parametrize("path", NAMED)
def test_every_command_shown_is_one(path: Path) -> None:
    for words in commands(path):
        try:
            check(words)
        except (
            SystemExit,
            Exception,
        ) as error:  # argparse ends the program with its words on stderr
            pytest.fail(f"python {' '.join(words)}: {error!r}")


def check(words: list[str]) -> None:
    """Parse a command with the lab's own parsers; raises where it, or what it names, is unknown."""
    if words[0] == "app.py":  # the same as the command serve
        load_preset(cli._parser().parse_args(["serve", *words[1:]]).preset)
        return
    module, arguments = words[1], words[2:]
    if module != "lab":
        if module != "pytest":
            assert (ROOT / Path(*module.split("."))).with_suffix(".py").is_file(), module
        return
    if not arguments:  # the program is named, not a command of it
        return
    assert arguments[0] in cli.COMMANDS
    if "--help" in arguments:
        return
    told = vars(cli._parser().parse_args(arguments))
    if preset := told.get("preset"):
        load_preset(preset)
    if told["command"] == "study" and not PLACEHOLDER.fullmatch(told["name"]):
        study_of(told["name"])
    if kind := told.get("kind"):
        assert PLACEHOLDER.fullmatch(kind) or kind in KINDS


def test_commands_are_found_in_blocks_and_in_lines() -> None:
    found = {" ".join(words[:3]) for path in DOCUMENTS for words in commands(path)}
    assert {f"-m lab {name}" for name in cli.COMMANDS} <= found


@pytest.mark.parametrize("path", NAMED)
def test_every_path_named_is_there(path: Path) -> None:
    for name in PATH.findall(prose(path)):
        assert (
            PLACEHOLDER.search(
                name.partition("/")[2].replace("SHA256SUMS", "").replace("LICENSES", "")
            )
            or (ROOT / name).exists()
        ), name


def test_every_heading_stands_once_in_its_document() -> None:
    for path in DOCUMENTS:
        if path.name != "CHANGELOG.md":  # whose releases have the same parts
            titles = Counter(HEADING.findall(prose(path)))
            assert not [title for title, times in titles.items() if times > 1], path.name


def test_a_row_of_figures_stands_once() -> None:
    """Only the controls of a study may be those of the next study of the same document."""
    rows: Counter[str] = Counter()
    for path in DOCUMENTS:
        lines = [" ".join(line.split()) for line in read(path).splitlines()]
        figures = [row for row in lines if row.startswith("|") and re.search(r"\d %", row)]
        controls = {row for row in figures if row.startswith(("| never knew |", "| text only |"))}
        rows.update([*controls, *(row for row in figures if row not in controls)])
    assert rows and not [row for row, times in rows.items() if times > 1]


def test_the_house_in_the_readme_is_the_one_there_is() -> None:
    """Every room stands in the picture, and imports run downwards in it."""
    picture = read(README).partition("## The house in one picture")[2].partition("\n## ")[0]
    drawn = "\n".join(line for line in picture.splitlines() if line.startswith("    "))
    order = [name.removesuffix(".py") for name in re.findall(r"lab/(\w+(?:\.py)?)", drawn)]
    rooms = {
        p.stem
        for p in (ROOT / "lab").iterdir()
        if not p.stem.startswith("__") and (p.is_file() or any(p.glob("*.py")))
    }
    assert len(order) == len(set(order)) and set(order) == rooms
    place = {name: k for k, name in enumerate(order)}
    upwards = {
        (one, other)
        for one in rooms
        for other in imported(one) & rooms
        if place[other] < place[one]
    }
    assert not upwards


def imported(room: str) -> set[str]:
    """The rooms whose modules a room's own import."""
    own = ROOT / "lab" / room
    files = own.rglob("*.py") if own.is_dir() else [own.with_suffix(".py")]
    nodes = [
        node
        for file in files
        for node in ast.walk(ast.parse(read(file)))
        if isinstance(node, ast.ImportFrom)
    ]
    found = {node.module.split(".")[1] for node in nodes if (node.module or "").startswith("lab.")}
    return found - {room}


def test_the_citation_can_be_read() -> None:
    told = yaml.safe_load(read(ROOT / "CITATION.cff"))
    assert (
        told["cff-version"] == "1.2.0"
        and told["message"]
        and told["title"] == "MLLM Unlearning Lab"
    )
    assert (
        told["version"] == __version__
        and told["license"] == "Apache-2.0"
        and told["type"] == "software"
    )
    assert told["authors"] == [{"name": "The MLLM Unlearning Lab contributors"}]
    assert "https://arxiv.org/abs/2512.11325" in [each["url"] for each in told["references"]]
    for each in told["references"]:
        assert each["type"] and each["title"] and each["authors"]
        assert all({"given-names", "family-names"} == set(who) for who in each["authors"])
