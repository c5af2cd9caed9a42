"""What the language model takes and gives: embeddings with pictures in them, masks, token scores."""

from __future__ import annotations

from typing import Any

import torch

from lab.model.families import family_of
from lab.model.picture_flow import seeing

KeysValues = tuple[torch.Tensor, torch.Tensor]  # of one row in one layer: [heads, tokens, width]


def image_token(model: Any) -> int:
    """The id that a prompt has for each of a picture's tokens."""
    return int(model.config.image_token_id)


def filled(
    model: Any, ids: torch.Tensor, place: torch.Tensor, values: torch.Tensor | None
) -> dict[str, Any]:
    """Embeddings of ``ids`` [rows, length] with ``values`` [n, width] at the n tokens of ``place``.

    Wider values hold what deeper layers add at those places too, one width after another. Where
    pictures enter in cross-attention layers, each of the n tokens stands for an equal share of them.
    """
    embeds = model.get_input_embeddings()(ids)
    if values is None:
        return {"inputs_embeds": embeds}
    if tiles := family_of(model).flow.crosses:
        return {"inputs_embeds": embeds, **_crossed(place, values.to(embeds.dtype), tiles)}
    first, *deeper = values.to(embeds.dtype).split(embeds.shape[-1], dim=-1)
    given = {"inputs_embeds": embeds.masked_scatter(place[..., None], first)}
    if deeper:
        given |= {"visual_pos_masks": place, "deepstack_visual_embeds": deeper}
    return given


def _crossed(place: torch.Tensor, values: torch.Tensor, tiles: int) -> dict[str, torch.Tensor]:
    """What cross-attention layers take of the pictures at ``place`` [rows, length].

    A token sees the first tile of its pictures; one before any sees all tiles of all, as the
    library's attention has it. A row without pictures gets zeros, which add nothing to it.
    """
    sees, count = seeing(place), place.cumsum(1)
    each = len(values) // int(place.sum())
    states = values.new_zeros(len(place), sees.shape[-1], each, values.shape[-1])
    at = (place.nonzero()[:, 0], count[place] - 1)
    states = states.index_put(at, values.unflatten(0, (-1, each)))

    blind, total = ~sees.any(-1, keepdim=True), count[:, -1:, None]
    number = torch.arange(1, sees.shape[-1] + 1, device=place.device)
    all_there = blind & ((number <= total) | (total == 0))
    first_tile = torch.arange(each, device=place.device) < each // tiles
    mask = (sees[..., None] & first_tile) | all_there[..., None]
    return {
        "cross_attention_states": states.flatten(1, 2),
        "cross_attention_mask": mask.flatten(2)[:, None],
        "full_text_row_masked_out_mask": (~blind)[:, None].to(values.dtype),
    }


def onward(model: Any, given: dict[str, Any], chosen: torch.Tensor) -> dict[str, Any]:
    """What the language model takes of one more token a row, [rows], after those ``given``.

    It sees the pictures that the last of them saw; the cache holds the pictures themselves.
    """
    seen = ("cross_attention_mask", "full_text_row_masked_out_mask")
    still = {name: given[name][:, :, -1:] for name in seen if name in given}
    return {"inputs_embeds": model.get_input_embeddings()(chosen[:, None]), **still}


def both_ways(model: Any, ids: torch.Tensor, prompt: torch.Tensor) -> torch.Tensor | None:
    """Pairs of tokens that see each other whatever their order: bool [rows, 1, length, length].

    ``prompt``: bool [rows, length], the tokens that no answer holds. None where the family reads
    all in order.
    """
    sees = family_of(model).flow.sees
    if not sees:
        return None
    place = prompt if sees == "prompt" else ids == image_token(model)
    begins = place & ~torch.nn.functional.pad(place, (1, 0))[:, :-1]
    group = torch.zeros_like(ids) if sees == "prompt" else begins.cumsum(1)
    same = group[:, :, None] == group[:, None, :]
    return (same & place[:, :, None] & place[:, None, :])[:, None]


def masks(
    model: Any, allowed: torch.Tensor, positions: torch.Tensor, pairs: torch.Tensor | None
) -> Any:
    """The attention mask of a packed pass; one a kind of layer where a window is narrower.

    ``allowed``: bool [rows, 1, length, length] in order; ``positions``: [rows, length] or
    [axes, rows, length]; ``pairs``: what also sees each other.
    """
    whole = allowed if pairs is None else allowed | pairs
    text = model.config.get_text_config()
    window = getattr(text, "sliding_window", None)
    sliding = "sliding_attention" in (getattr(text, "layer_types", None) or ())
    if not sliding or not window or int(positions.max()) < window:
        return whole
    at = positions if positions.dim() == 2 else positions[0]
    near = allowed & (at[:, None, :, None] - at[:, None, None, :] < window)
    return {
        "full_attention": whole,
        "sliding_attention": near if pairs is None else near | pairs,
    }


def logits(model: Any, hidden: torch.Tensor) -> torch.Tensor:
    """Scores of every token after each hidden state: [..., width] -> [..., vocabulary]."""
    scores = model.lm_head(hidden)
    if not family_of(model).flow.capped:
        return scores
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    return scores if cap is None else cap * torch.tanh(scores / cap)
