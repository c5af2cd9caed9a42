"""The recorded examples as the page uses them: what stands in where there is no run yet."""

from __future__ import annotations

from typing import Any

from lab.catalogue import TRAINING_ATTACKS
from lab.report import markup
from lab.report.text import Text
from lab.report.translated import translated
from lab.serve.views import ORIGINAL, Example, RunView
from lab.serve.visit import Visit
from lab.ui.follow import describe
from lab.ui.gallery import People
from lab.ui.talk import Talk, picture_name, turn

MOST_SHOWN = 2  # turns of a recorded talk that stand in the chats


class Examples:
    """The examples of an engine; the first stands in for runs that are not there."""

    def __init__(self, engine: Visit, people: People) -> None:
        self._engine, self._people = engine, people
        self._read = (engine.menu.edition, self._known())

    def _known(self) -> tuple[Example, ...]:
        return tuple(e for e in self._engine.examples() if self._people.card(e.unlearn.entity))

    @property
    def all(self) -> tuple[Example, ...]:
        """The examples of the model that is loaded."""
        if self._read[0] != self._engine.menu.edition:
            self._read = (self._engine.menu.edition, self._known())
        return self._read[1]

    @property
    def first(self) -> Example | None:
        """The example that is shown on arriving: of VKD, if there is one."""
        return next((e for e in self.all if e.name == "vkd"), next(iter(self.all), None))

    @property
    def entity(self) -> str:
        """The person of the first example, or ""."""
        return self.first.unlearn.entity if self.first else ""

    def own(self, run_id: str) -> bool:
        """Whether it is a run of the visitor's, and no example."""
        return bool(run_id) and not self.of(run_id)

    def of(self, run_id: str) -> Example | None:
        """The example whose inspection, run or attack has this id."""
        return next((e for e in self.all if run_id and run_id in {v.id for v in e.views}), None)

    def stand_in(self, slot: str, run_id: str) -> str:
        """The run's id, or that of the first example where there is no run in this slot."""
        return run_id or (getattr(self.first, slot).id if self.first else "")

    def shown(self, unlearned: str) -> Example | None:
        """The example that is shown: one that was opened, or the first where there is no run."""
        return self.of(unlearned) if unlearned else self.first

    def beside(self, entity: str, unlearned: str) -> Example | None:
        """The example that is shown, if it is about who is chosen: its answers are given at once."""
        example = self.shown(unlearned)
        return example if example and entity in ("", example.unlearn.entity) else None

    def line(self, view: RunView, text: Text) -> str:
        """How a run goes as HTML; of a recorded one, whose example it is, and the rest on opening."""
        if not self.of(view.id):
            return markup.line(describe(view, text))
        card = self._people.card(view.entity)
        head = text.EXAMPLE_OF.format(name=card.name if card else view.entity)
        note = markup.sentence(translated(view.note, text))
        return markup.folded(head, markup.note(note, "quiet"), "lab-line")

    def sides(self, example: Example, third: bool) -> list[str]:
        """What a recorded answer has a column for: the original first, as ``talk.sides``."""
        attack = example.attack.attack
        trained = third and attack is not None and attack.kind in TRAINING_ATTACKS
        return [ORIGINAL, example.unlearn.id, *([example.attack.id] if trained else [])]

    def has_third(self, example: Example) -> bool:
        """Whether the relearned model's answers were recorded."""
        return len(self.sides(example, True)) > 2

    def picture(self, example: Example) -> bytes:
        """The picture that the recorded questions are about."""
        card = self._people.card(example.unlearn.entity)
        assert card is not None
        return card.views[example.view % len(card.views)]

    def talk(self, example: Example, third: bool) -> Talk:
        """The recorded talk that stands in the chats: with the picture, and one without it."""
        seen = [a for a in example.talk if a.pictured]
        chosen = seen[: MOST_SHOWN - 1] + [a for a in example.talk if not a.pictured][:1]
        sides = self.sides(example, third)
        whole = picture_name(self.picture(example))
        return [turn(a.question, sides, whole, a.answers[: len(sides)], a.pictured) for a in chosen]

    def answers(self, models: list[str], question: str, picture: bytes | None) -> Any:
        """The recorded answers of the sides to a question, or None if it was not recorded so."""
        example = next(filter(None, map(self.of, models)), None)
        if example is None or picture not in (None, self.picture(example)):
            return None
        for asked in example.talk:
            if (asked.question, asked.pictured) == (question, picture is not None):
                return asked.answers[: len(models)]
        return None
