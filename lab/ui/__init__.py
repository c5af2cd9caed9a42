"""The page: everything that the browser shows; it asks an engine and never touches a model."""

from lab.ui import stubs

stubs.leave_out()
