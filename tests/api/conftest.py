"""A served page with the fake engine, and a client of its public endpoints."""

import pytest

from tests.ui.conftest import serve
from tests.ui.fake_engine import FakeEngine


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The page and its engine."""
    yield from serve(FakeEngine(tmp_path_factory.mktemp("runs"), pace=0.02), 10_000)


@pytest.fixture(scope="module")
def client(served):
    """A client as a script would use it."""
    gradio_client = pytest.importorskip("gradio_client")
    return gradio_client.Client(served.url, verbose=False)
