"""Gradio without the type stubs that it writes for editors at every import: a second of each start."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

MODULE, WRITES = "gradio.component_meta", "create_or_modify_pyi"


def leave_out() -> None:
    """Have Gradio create its components without their stubs, where it is not imported yet."""
    if MODULE not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and spec.origin:
            spec.loader = _Loader(name, spec.origin)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        # An edition of Gradio that names it otherwise writes its stubs as before.
        if hasattr(module, WRITES):
            setattr(module, WRITES, lambda *_: None)
