"""What is left of plain text: how far a taught model's words lie from the untouched model's.

Our choice: the Kullback-Leibler divergence from the untouched model to the taught one, token by
token over the untouched model's greedy answers to prompts that nobody was taught on. The end of an
answer counts as a token, but not where the answer was cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lab.benchmarks.schema import Benchmark, Talk
from lab.device import device_name
from lab.evaluation.asks import general_asks
from lab.evaluation.questions import choose
from lab.experiments.result_file import ResultFile
from lab.model.sequences import Packed, pack, target_distributions
from lab.model.version import Version
from lab.teach.own_answers import answered

MOST_TOKENS, AT_ONCE = 64, 8
QUESTIONS = "questions"  # the row of the common-knowledge questions; the others are prompts


@dataclass(frozen=True)
class Pair:
    """The untouched and the taught model: two versions of one loaded model."""

    untouched: Version
    taught: Version


def measure(
    opened: Callable[[], Pair], benchmark: Benchmark, file: ResultFile, say: Callable[[str], None]
) -> None:
    """Add a row for every prompt, and one for the common-knowledge questions, that the file lacks."""
    prompts = {f"prompt/{k:02d}": turns for k, turns in enumerate(benchmark.test_prompts)}
    due = [row_id for row_id in prompts if not file.has(row_id)]
    for at in range(0, len(due), AT_ONCE):
        say(f"plain prompts, {at} of {len(due)} …")
        ids, pair = due[at : at + AT_ONCE], opened()
        rows = compared(pair, [prompts[row_id] for row_id in ids])
        for row_id, row in zip(ids, rows, strict=True):
            file.add(row_id, row, device_name(pair.taught.loaded.device))
    if not file.has(QUESTIONS):
        say("common-knowledge questions …")
        pair = opened()
        row = {
            "untouched": right(pair.untouched, benchmark),
            "taught": right(pair.taught, benchmark),
        }
        file.add(QUESTIONS, row, device_name(pair.taught.loaded.device))


def right(version: Version, benchmark: Benchmark) -> list[bool]:
    """Whether each common-knowledge question is answered rightly."""
    with version.on():
        return [v.correct for v in choose(version.loaded, general_asks(benchmark))]


def compared(pair: Pair, prompts: Sequence[tuple[str, ...]]) -> list[dict[str, Any]]:
    """For each prompt: its turns, both models' answers, the divergence in nats and its tokens."""
    loaded, said = pair.taught.loaded, {}
    for version in (pair.untouched, pair.taught):
        with version.on():
            said[version.name] = answered(loaded, prompts, MOST_TOKENS)
    rows = []
    for turns, ours, theirs in zip(
        prompts, said[pair.untouched.name], said[pair.taught.name], strict=True
    ):
        nats, tokens = divergence(pair, tuple(ours))
        rows.append(
            {
                "turns": list(turns),
                "untouched": [answer for _, answer in ours],
                "taught": [answer for _, answer in theirs],
                "nats": round(nats, 6),
                "tokens": tokens,
            }
        )
    return rows


@torch.no_grad()
def divergence(pair: Pair, talk: Talk) -> tuple[float, int]:
    """The sum over the tokens of a conversation's answers of KL(untouched || taught), and how many."""
    loaded = pair.taught.loaded
    tree = loaded.prompter.talks(None, [talk])
    packed = pack([tree], loaded.prompter.pad_id, loaded.device)
    said = []
    for version in (pair.untouched, pair.taught):
        with version.on():
            said.append(target_distributions(loaded.model, packed, None))
    apart = (said[0].exp() * (said[0] - said[1])).sum(-1)
    counted = _said(packed)
    return float(apart[counted].sum()), int(counted.sum())


def _said(packed: Packed) -> torch.Tensor:
    """Which target tokens the untouched model has said itself: all but the end of a cut answer."""
    lengths = torch.bincount(packed.segment, minlength=packed.n_segments)
    last = torch.ones_like(packed.segment, dtype=torch.bool)
    last[:-1] = packed.segment[1:] != packed.segment[:-1]
    return ~(last & (lengths[packed.segment] > MOST_TOKENS))
