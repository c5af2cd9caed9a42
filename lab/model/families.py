"""The families of models the lab knows: where each one's parts are, one entry a family."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from lab.errors import LabError
from lab.model.flow import Flow, Idefics3Flow, OneVisionFlow, Qwen2Flow, Qwen25Flow


@dataclass(frozen=True)
class Family:
    """Where a family's parts are, as full module names, and how pictures go through them.

    ``blocks``: the list of vision blocks inside the tower, by any of these names; ``linears``: the
    Linear modules inside the projector, the last one writing its output: with only one the
    projector has no hidden neurons.
    """

    tower: str
    blocks: tuple[str, ...]
    projector: str
    linears: tuple[str, ...]
    language: str
    flow: Flow

    @property
    def visual(self) -> tuple[str, ...]:
        """What the names of all visual parameters begin with: all that a delta may change."""
        return f"{self.tower}.", f"{self.projector}."

    @property
    def unquantized(self) -> list[str]:
        """Full names to keep from quantisation: a partial one is ignored without a word."""
        return [self.tower, self.projector, "lm_head"]


LLAVA = Family(
    "model.vision_tower",
    ("encoder.layers", "encoder.layer"),
    "model.multi_modal_projector",
    ("linear_1", "linear_2"),
    "model.language_model",
    Flow(),
)
IDEFICS3 = Family(
    "model.vision_model",
    ("encoder.layers",),
    "model.connector",
    ("modality_projection.proj",),
    "model.text_model",
    Idefics3Flow(),
)
ONEVISION = Family(
    LLAVA.tower,
    ("encoder.layers",),
    LLAVA.projector,
    LLAVA.linears,
    LLAVA.language,
    OneVisionFlow(),
)
QWEN2 = Family(
    "model.visual",
    ("blocks",),
    "model.visual.merger",
    ("mlp.0", "mlp.2"),
    "model.language_model",
    Qwen2Flow(),
)
QWEN25 = Family(
    QWEN2.tower, QWEN2.blocks, QWEN2.projector, QWEN2.linears, QWEN2.language, Qwen25Flow()
)

FAMILIES = {
    "llava": LLAVA,
    "idefics3": IDEFICS3,
    "smolvlm": IDEFICS3,
    "qwen2_vl": QWEN2,
    "llava_onevision": ONEVISION,
    "qwen2_5_vl": QWEN25,
    "aya_vision": LLAVA,
}  # by the config's model_type


def family(model_type: str) -> Family:
    """The family of that name; ``LabError`` for one the lab does not know."""
    if model_type not in FAMILIES:
        raise LabError(
            f"{model_type} is not a known family: the lab knows {', '.join(FAMILIES)}; "
            "to add one, write its entry in lab/model/families.py"
        )
    return FAMILIES[model_type]


def family_of(model: nn.Module) -> Family:
    """The family of a loaded model; ``LabError`` for one the lab does not know."""
    config = getattr(model, "config", None)
    return family(getattr(config, "model_type", type(model).__name__))


def language_model(model: nn.Module) -> nn.Module:
    """The language model without its output layer."""
    return model.get_submodule(family_of(model).language)
