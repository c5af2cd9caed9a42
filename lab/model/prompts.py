"""Token ids of prompts: the chat template cut into image prefix, question and answer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image

from lab.model.sequences import Segment, Tree

_MARK = "\u241f"  # a symbol no template contains, to find where the user's text goes


class Prompter:
    """Builds token trees and chat prompts for one processor."""

    def __init__(self, processor) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.end_id: int = self.tokenizer.eos_token_id
        self.pad_id: int = self.tokenizer.pad_token_id
        # the image's token may be a special one outside the named ones: take every special token
        self._special = sorted({str(t) for t in self.tokenizer.added_tokens_decoder.values() if t.special}
                               | set(self.tokenizer.all_special_tokens), key=len, reverse=True)
        text = self._template([{"type": "text", "text": _MARK}])
        picture = self._template([{"type": "image"}, {"type": "text", "text": _MARK}])
        before, self._suffix = text.split(_MARK)
        self.text_prefix = self._ids(before)
        blank = Image.new("RGB", (64, 64))
        made = processor(text=[picture.split(_MARK)[0]], images=[blank], return_tensors="pt")
        self.image_prefix = tuple(made["input_ids"][0].tolist())

    def _template(self, content: list[dict[str, str]]) -> str:
        return self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True)

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def pixels(self, images: Sequence[Image.Image]) -> torch.Tensor:
        """Preprocess pictures: [images, 3, side, side] float32."""
        return self.processor.image_processor(list(images), return_tensors="pt")["pixel_values"]

    def prefix(self, has_image: bool) -> Segment:
        return Segment(self.image_prefix if has_image else self.text_prefix, -1)

    def question(self, text: str, parent: int = 0) -> Segment:
        """The question up to where the answer begins (special tokens in ``text`` are plain)."""
        clean = self.plain(text)
        return Segment(self._ids(clean + self._suffix), parent)

    def answer(self, text: str, parent: int) -> Segment:
        """An answer and its end token, scored."""
        return Segment((*self._ids(text), self.end_id), parent, target=True)

    def tree(self, image: int | None, asked: Sequence[tuple[str, Sequence[str]]]) -> Tree:
        """One row: each question with the answers whose log-probabilities are wanted."""
        segments = [self.prefix(image is not None)]
        for question, answers in asked:
            segments.append(self.question(question))
            parent = len(segments) - 1
            segments += [self.answer(a, parent) for a in answers]
        return Tree(tuple(segments), image)

    def plain(self, text: str) -> str:
        """User text without the tokenizer's special tokens: it is data, never markup."""
        for token in self._special:
            text = text.replace(token, " ")
        return text

    def conversation(self, turns: Sequence[tuple[str, str]], question: str, image: bool
                     ) -> tuple[int, ...]:
        """Ids of a chat: earlier (question, answer) turns, then the question; image first."""
        ids: list[int] = []
        for i, (asked, answered) in enumerate([*turns, (question, None)]):
            ids += self.image_prefix if image and i == 0 else self._turn_prefix(i)
            ids += self._ids(self.plain(asked) + self._suffix)
            if answered is not None:
                ids += [*self._ids(self.plain(answered)), self.end_id]
        return tuple(ids)

    def _turn_prefix(self, i: int) -> tuple[int, ...]:
        start = self.tokenizer.decode(self.text_prefix)
        return self.text_prefix if i == 0 else self._ids("\n" + start)
