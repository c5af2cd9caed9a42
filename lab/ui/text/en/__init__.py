"""English: every string the page shows, as one catalogue."""

from lab.ui.text.en.frame import *  # noqa: F403
from lab.ui.text.en.report import *  # noqa: F403
from lab.ui.text.en.steps import *  # noqa: F403
