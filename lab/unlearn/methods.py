"""All methods of the catalogue, each from its own file, for one loop and one evaluation."""

from __future__ import annotations

from importlib import import_module

from lab import catalogue
from lab.unlearn.method import Method


def method_of(name: str) -> Method:
    """The ``METHOD`` of ``lab/unlearn/NAME.py``."""
    method: Method = import_module(f"lab.unlearn.{name}").METHOD
    return method


METHODS: dict[str, Method] = {name: method_of(name) for name in catalogue.METHODS}
