"""The one error type that a user sees: one line that names the remedy."""


class LabError(Exception):
    """A mistake that the user can correct: one line that names the remedy (CLI exit code 2)."""
