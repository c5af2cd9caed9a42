"""The one error type that a user sees: one line that names the remedy."""


class LabError(Exception):
    """A mistake the user can mend; its text is one line and names the remedy (CLI exit code 2)."""
