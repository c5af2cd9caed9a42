"""Token ids of prompts: the chat template cut into image prefix, question and answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from lab.benchmarks.images import decode
from lab.benchmarks.schema import Talk
from lab.model.context import Context
from lab.model.language import image_token
from lab.model.picture_flow import Places
from lab.model.sequences import Segment, Tree
from lab.model.vision import Vision

_MARK = "\u241f"  # a symbol no template contains, to find where the user's text goes


class Speaker(str):
    """The name of a speaker in a published prompt; it is never part of a question."""


USER, ASSISTANT = Speaker("USER:"), Speaker("ASSISTANT:")
Part = str | bytes  # of a published prompt: a speaker, words, or an encoded picture


@dataclass(frozen=True)
class Start:
    """What stands before a question: its ids, the spaces they end in, places that do not just count."""

    ids: tuple[int, ...]
    space: str
    places: Places | None = None


class Prompter:
    """Builds token trees and chat prompts from one model's processor.

    A picture stands for as many tokens as the visual module makes of it, which is one number.
    """

    def __init__(self, processor: Any, vision: Vision) -> None:
        self.processor, self.vision, self.flow = processor, vision, vision.family.flow
        self.tokenizer = processor.tokenizer
        self.flow.fix(processor.image_processor, vision.model.config)
        # the image's token may be a special one outside the named ones: take every special token
        special = {str(t) for t in self.tokenizer.added_tokens_decoder.values() if t.special}
        self._special = sorted(
            special | set(self.tokenizer.all_special_tokens), key=len, reverse=True
        )
        # some tokenizers put a space in front of any text, also where it goes on from another
        self._lead_in = "\n" if self.tokenizer.tokenize("a")[0] != "a" else ""
        self._skip = len(self.tokenizer(self._lead_in, add_special_tokens=False)["input_ids"])
        self._read_template()
        image_id = image_token(vision.model)
        token = self.tokenizer.convert_ids_to_tokens(image_id)
        blank = self.pixels([Image.new("RGB", (64, 64))])
        with torch.no_grad():
            tokens = vision.features(blank.to(vision.device)).shape[1]
        before, after = self._around()
        self._image = (image_id, token, before + self.flow.expand(token, tokens) + after)
        self._grid = self.flow.places(0, 0, tokens)
        asked = self._template([{"type": "image"}, {"type": "text", "text": _MARK}])
        start, space = _spaces(asked.split(_MARK)[0])
        self.image_prefix = self._start(self._expand(start))
        at = self.image_prefix.index(image_id)
        self.image_places = self.flow.places(at, len(self.image_prefix) - at - tokens, tokens)
        self._starts = {
            True: Start(self.image_prefix, space, self.image_places),
            False: Start(self.text_prefix, self._text_space),
        }
        self._context: Context | None = None
        self._front: torch.Tensor | None = None

    def _read_template(self) -> None:
        """Find what the template puts around a question, an answer and between two turns."""
        before, self._suffix = self._template([{"type": "text", "text": _MARK}]).split(_MARK)
        self.literal = USER in before and ASSISTANT in self._suffix
        before, self._text_space = _spaces(before)
        self.text_prefix = self._start(before)
        turns = [
            {"role": role, "content": [{"type": "text", "text": _MARK}]}
            for role in ("user", "assistant", "user")
        ]
        pieces = self.processor.apply_chat_template(turns, add_generation_prompt=True).split(_MARK)
        self._before_answer = (
            pieces[1].removeprefix(self._suffix) if pieces[1].startswith(self._suffix) else ""
        )
        joint, self._joint_space = _spaces(pieces[2])
        self._joint = self._ids(joint)
        ends = self._joint[:1] if self.tokenizer.decode(self._joint[:1]) in self._special else ()
        self.end_id: int = ends[0] if ends else self.tokenizer.eos_token_id
        pad = self.tokenizer.pad_token_id
        self.pad_id: int = self.end_id if pad is None else pad

    def _template(self, content: list[dict[str, str]], behind: Context | None = None) -> str:
        return self.processor.apply_chat_template(
            [*self._turns(behind), {"role": "user", "content": content}],
            add_generation_prompt=True,
        )

    def _turns(self, context: Context | None) -> list[dict[str, Any]]:
        """The turns of a context; none without."""
        if context is None:
            return []
        picture = [] if context.picture is None else [{"type": "image"}]
        words, reply = (
            [{"type": "text", "text": self.plain(text)}]
            for text in (context.instruction, context.reply)
        )
        return [
            {"role": "user", "content": picture + words},
            {"role": "assistant", "content": reply},
        ]

    def _start(self, text: str) -> tuple[int, ...]:
        """Ids of the text that starts a conversation, with the first token if it is missing."""
        first = self.tokenizer.bos_token
        whole = first is not None and first in text
        return tuple(self.tokenizer(text, add_special_tokens=not whole)["input_ids"])

    def _ids(self, text: str) -> tuple[int, ...]:
        """Ids of a text that continues another text."""
        return tuple(
            self.tokenizer(self._lead_in + text, add_special_tokens=False)["input_ids"][
                self._skip :
            ]
        )

    def pixels(self, images: Sequence[Image.Image]) -> torch.Tensor:
        """Preprocess pictures: [images, ...] float32, in the form the visual module takes."""
        return self.flow.pixels(self.processor.image_processor, images)

    def pictures(self, encoded: Sequence[bytes]) -> torch.Tensor:
        """Pixels of encoded pictures, on the model's device; raises ``LabError`` for a bad one."""
        return self.pixels([decode(image) for image in encoded]).to(self.vision.device)

    def prefix(self, has_image: bool) -> Segment:
        """The ids before every question, with a picture or without one."""
        start = self._starts[has_image]
        return Segment(start.ids, -1, places=start.places)

    @contextmanager
    def behind(self, context: Context | None) -> Iterator[None]:
        """Put a context in front of every prompt that is built inside; None changes nothing.

        It is applied as a delta is: only for the worker that owns the device.
        """
        before = self._starts, self._context, self._front
        if context is not None:
            self._starts = {image: self._start_behind(context, image) for image in (True, False)}
            self._context, self._front = context, None
        try:
            yield
        finally:
            self._starts, self._context, self._front = before

    def _start_behind(self, context: Context, image: bool) -> Start:
        content = [{"type": "image"}] * image + [{"type": "text", "text": _MARK}]
        text, space = _spaces(self._template(content, context).split(_MARK)[0])
        ids = self._start(self._expand(text))
        places = tuple(tuple(axis) for axis in self.places(ids).tolist())
        return Start(ids, space, places if self._grid else None)

    def front(self) -> torch.Tensor | None:
        """Features of the context's picture under the current weights: [tokens, width], or None.

        Computed at its first use inside ``behind``, with a gradient where gradients are enabled.
        """
        if self._front is None and self._context is not None and self._context.picture is not None:
            self._front = self.vision.features(self.pictures([self._context.picture]))[0]
        return self._front

    def with_front(self, features: torch.Tensor | None) -> torch.Tensor | None:
        """The features of a prompt [tokens, width], those of the context's picture first."""
        parts = [part for part in (self.front(), features) if part is not None]
        return torch.cat(parts) if parts else None

    def places(self, ids: tuple[int, ...]) -> torch.Tensor:
        """Positions of a prompt's tokens: [axes, tokens], one axis where they simply count."""
        if self._grid is None:
            return torch.arange(len(ids))[None]
        axes: list[list[int]] = [[] for _ in self._grid]
        start = 0
        while len(axes[0]) < len(ids):
            picture = ids[len(axes[0])] == self._image[0]
            runs = self._grid if picture else ((0,),) * len(axes)
            for axis, run in zip(axes, runs, strict=True):
                axis += [start + place for place in run]
            start += 1 + max(max(run) for run in runs)
        return torch.tensor(axes)

    def published(self, parts: Sequence[Part]) -> tuple[int, ...]:
        """Ids of a prompt as a benchmark's own evaluator writes it, pictures where they stand in it.

        Word for word where the model's template has these speakers too, as LLaVA-1.5's has. Else
        the same words without them are one turn of the model's template (our choice); so they are
        where the prompt names no speaker.
        """
        spoken = any(isinstance(part, Speaker) for part in parts)
        if spoken and self.literal:
            turns = self._turns(self._context)
            earlier = self.processor.apply_chat_template(turns) if turns else ""
            return self._start(
                self._expand(earlier)
                + "".join(
                    part
                    if isinstance(part, Speaker)
                    else self._image[2]
                    if isinstance(part, bytes)
                    else self.plain(part)
                    for part in parts
                )
            )
        content: list[dict[str, str]] = []
        for part in parts:
            if isinstance(part, bytes):
                content.append({"type": "image"})
            elif isinstance(part, Speaker):
                continue
            elif content and content[-1]["type"] == "text":
                content[-1]["text"] += self.plain(part)
            else:
                content.append({"type": "text", "text": self.plain(part)})
        if spoken:  # what is left between the speakers is their line breaks
            content = [c | {"text": c["text"].strip()} if "text" in c else c for c in content]
        return self._start(
            self._expand(self._template([c for c in content if c.get("text") != ""], self._context))
        )

    def _around(self) -> tuple[str, str]:
        """What the family writes before and behind a picture, if the tokenizer has tokens for it."""
        names = re.findall(r"<[^<>]+>", "".join(self.flow.around))
        known = set(names) <= self.tokenizer.get_vocab().keys()
        return self.flow.around if known else ("", "")

    def _expand(self, text: str) -> str:
        """A template's text with as many image tokens as a picture has."""
        _, token, whole = self._image
        if self.flow.mark and self.flow.mark in text:
            token = self.flow.mark
        return text.replace(token, whole)

    def question(self, text: str, parent: int = 0, image: bool = True) -> Segment:
        """The question up to where the answer begins (special tokens in ``text`` are plain)."""
        return Segment(self._asked(text, self._starts[image].space), parent)

    def _asked(self, text: str, space: str) -> tuple[int, ...]:
        return self._ids(space + self.plain(text) + self._suffix)

    def answer(self, text: str, parent: int) -> Segment:
        """An answer and its end token, scored."""
        return Segment((*self._ids(self._before_answer + text), self.end_id), parent, target=True)

    def tree(self, image: int | None, asked: Sequence[tuple[str, Sequence[str]]]) -> Tree:
        """One row: each question with the answers whose log-probabilities are wanted."""
        segments = [self.prefix(image is not None)]
        for question, answers in asked:
            segments.append(self.question(question, image=image is not None))
            parent = len(segments) - 1
            segments += [self.answer(a, parent) for a in answers]
        return Tree(tuple(segments), image, self.front())

    def talks(self, image: int | None, talks: Sequence[Talk]) -> Tree:
        """One row of conversations that each start anew, with every answer scored.

        A later turn sees what came before it, token for token as ``conversation`` has it.
        """
        segments = [self.prefix(image is not None)]
        for turns in talks:
            lead: tuple[int, ...] = ()
            parent = 0
            space = self._starts[image is not None].space
            for question, answer in turns:
                segments.append(Segment((*lead, *self._asked(question, space)), parent))
                asked = len(segments) - 1
                segments.append(self.answer(answer, asked))
                if self._joint[:1] == (self.end_id,):  # a scored answer ends as a turn does
                    parent, lead = len(segments) - 1, self._joint[1:]
                else:
                    said = self._ids(self._before_answer + answer)
                    parent, lead = asked, (*said, *self._joint)
                space = self._joint_space
        return Tree(tuple(segments), image, self.front())

    def tokens(self, talks: Sequence[Talk]) -> int:
        """Tokens of a text row of these conversations."""
        return sum(len(segment.ids) for segment in self.talks(None, talks).segments)

    def length(self, asked: Sequence[tuple[str, Sequence[str]]]) -> int:
        """Tokens of a row with a picture and these questions and answers."""
        return sum(len(segment.ids) for segment in self.tree(0, asked).segments)

    def plain(self, text: str) -> str:
        """User text without the tokenizer's special tokens: it is data and never markup."""
        for token in self._special:
            text = text.replace(token, " ")
        return text

    def conversation(
        self, turns: Sequence[tuple[str, str]], question: str, image: bool
    ) -> tuple[int, ...]:
        """Ids of a chat: earlier (question, answer) turns, then the question; image first."""
        ids, space = list(self._starts[image].ids), self._starts[image].space
        for asked, answered in turns:
            ids += self._asked(asked, space)
            ids += [*self._ids(self._before_answer + self.plain(answered)), *self._joint]
            space = self._joint_space
        return (*ids, *self._asked(question, space))


def _spaces(text: str) -> tuple[str, str]:
    """A text and the spaces it ends in, which become part of the word that follows."""
    bare = text.rstrip(" ")
    return bare, text[len(bare) :]
