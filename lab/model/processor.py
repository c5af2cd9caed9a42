"""A model folder's image processor, tokenizer and chat template, without the parts for video."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError


@dataclass(frozen=True)
class Processor:
    """Turns pictures and text into numbers.

    The library's own processors of some families need more packages, all of them for video.
    """

    image_processor: Any
    tokenizer: Any
    template: str

    def apply_chat_template(
        self, turns: Sequence[dict[str, Any]], add_generation_prompt: bool = False
    ) -> str:
        """The text of a conversation; a picture is one image token."""
        return self.tokenizer.apply_chat_template(
            list(turns),
            chat_template=self.template,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
        )


def read_processor(folder: Path, template: str = "") -> Processor:
    """Read a folder's processor, with ``template`` where it has none.

    Raises ``LabError`` if a part is missing.
    """
    from transformers import AutoTokenizer

    try:
        images = _images(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise LabError(
            f"{folder.name} has no usable processor ({str(error).splitlines()[0]}): name "
            "a model that has one with the preset's key processor"
        ) from None
    template = _template(folder) or tokenizer.chat_template or template
    if not isinstance(template, str) or not template:
        raise LabError(
            f"{folder.name} has no chat template: name a model that has one with the "
            "preset's key processor"
        )
    return Processor(images, tokenizer, template)


def _images(folder: Path) -> Any:
    """The image processor in its form that works on Pillow's pictures: the lab needs no other."""
    from transformers import AutoImageProcessor
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

    about = folder / "preprocessor_config.json"
    kept = json.loads(about.read_text(encoding="utf-8")) if about.exists() else {}
    # the library has this one for torchvision alone; for a single tile it is GOT-OCR's
    if str(kept.get("image_processor_type", "")).startswith("Cohere2Vision"):
        return GotOcr2ImageProcessorPil.from_pretrained(folder, local_files_only=True)
    return AutoImageProcessor.from_pretrained(folder, local_files_only=True)


def _template(folder: Path) -> str | None:
    """The processor's template, which may differ from the tokenizer's; three ways to keep it."""
    plain = folder / "chat_template.jinja"
    if plain.exists():
        return plain.read_text(encoding="utf-8")
    for name in ("chat_template.json", "processor_config.json"):
        path = folder / name
        if path.exists() and "chat_template" in (
            kept := json.loads(path.read_text(encoding="utf-8"))
        ):
            return kept["chat_template"]
    return None
