"""English: every string the page shows, as one catalogue."""

from lab.report.text.en.frame import *  # noqa: F403
from lab.report.text.en.report import *  # noqa: F403
from lab.report.text.en.steps import *  # noqa: F403
