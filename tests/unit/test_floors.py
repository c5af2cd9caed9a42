"""The order of floors: what a module of the lab may import, wherever in its file it does so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# From the ground up. A room imports rooms of lower floors alone, none beside it.
FLOORS = (
    {"lab", "errors", "catalogue", "device"},
    {"events", "files"},
    {"recipe"},
    {"benchmarks"},
    {"model"},
    {"saliency"},
    {"evaluation"},
    {"unlearn"},
    {"attack", "teach"},
    {"experiments"},
    {"report"},
    {"serve"},
    {"bench", "ui"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


TREES = {name_of(f): ast.parse(f.read_text("utf-8")) for f in sorted((ROOT / "lab").rglob("*.py"))}


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module imported in a piece of code, as ``lab.model.load`` or ``torch.nn``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, "modules are imported by their whole name"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in TREES else node.module


IMPORTS = {name: set(imported(tree)) - {name} for name, tree in TREES.items()}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def importers(package: str) -> set[str]:
    """The modules of the lab that import a package or a part of it."""
    return {m for m, used in IMPORTS.items() if any(inside(u, package) for u in used)}


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter({m: used & TREES.keys() for m, used in IMPORTS.items()}).prepare()


def test_rooms_import_lower_floors_only() -> None:
    upward = {
        f"{m} -> {u}"
        for m, used in IMPORTS.items()
        for u in used & TREES.keys()
        if room(m) != room(u) and FLOOR[room(m)] <= FLOOR[room(u)]
    }
    assert not upward


def test_every_room_has_a_floor_and_every_floor_its_rooms() -> None:
    assert {room(m) for m in TREES} == FLOOR.keys()


def test_types_of_the_lab_are_imported_as_everything_else() -> None:
    """``TYPE_CHECKING`` would hide a circle; it is for heavy packages of others alone."""
    hidden = {
        f"{m} -> {u}"
        for m, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for u in imported(node)
        if inside(u, "lab")
    }
    assert not hidden


def test_only_the_command_serve_imports_the_page() -> None:
    assert {m for m in importers("lab.ui") if not inside(m, "lab.ui")} == {"lab.cli.serve"}


def test_gradio_stays_in_the_page_and_torch_out_of_it() -> None:
    assert all(inside(m, "lab.ui") for m in importers("gradio"))
    assert not {m for m in importers("torch") if inside(m, "lab.ui")}
