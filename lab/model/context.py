"""A context: an earlier turn of the chat, and its picture, in front of every question to a version.

It changes no weight. A delta carries it as bytes, beside the weights of other runs, so that it is
kept, hashed, copied and read back with them: ``context.instruction`` and ``context.reply`` are
UTF-8, ``context.picture`` is an encoded picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from lab.benchmarks.images import decode
from lab.errors import LabError

CONTEXT = "context."
MOST_BYTES = {"instruction": 2**14, "reply": 2**14, "picture": 2**23}


@dataclass(frozen=True)
class Context:
    """What the user has said already, with a picture or without, and what the model has replied."""

    instruction: str
    reply: str
    picture: bytes | None = field(default=None, repr=False)

    def tensors(self) -> dict[str, torch.Tensor]:
        """The context as a part of a delta: uint8 [bytes] by name."""
        parts = {"instruction": self.instruction.encode(), "reply": self.reply.encode()}
        if self.picture is not None:
            parts["picture"] = self.picture
        return {
            CONTEXT + name: torch.frombuffer(bytearray(part), dtype=torch.uint8)
            for name, part in parts.items()
        }


def context_part(delta: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a delta that are its context; empty where it has none."""
    return {n: t for n, t in delta.items() if n.startswith(CONTEXT)}


def context_of(delta: Mapping[str, torch.Tensor]) -> Context | None:
    """The context that a delta carries; raises ``LabError`` where its bytes are none."""
    parts = {n.removeprefix(CONTEXT): t for n, t in context_part(delta).items()}
    if not parts:
        return None
    for name, tensor in parts.items():
        if (
            tensor.dtype != torch.uint8
            or tensor.dim() != 1
            or len(tensor) > MOST_BYTES.get(name, 0)
        ):
            raise LabError(f"{CONTEXT}{name} is no part of a context: run it again")
    data = {name: tensor.cpu().numpy().tobytes() for name, tensor in parts.items()}
    try:
        return Context(data["instruction"].decode(), data["reply"].decode(), data.get("picture"))
    except (KeyError, UnicodeDecodeError):
        raise LabError(f"the {CONTEXT}* tensors are no context: run it again") from None


def check_context(delta: Mapping[str, torch.Tensor]) -> None:
    """Raise ``LabError`` where a delta from outside carries a context that is none, its picture too."""
    context = context_of(delta)
    if context and context.picture is not None:
        decode(context.picture)
