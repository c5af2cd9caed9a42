"""Teach the embedded people to an untaught LLaVA: picture warm-up, then pictures and text together.

Warm-up trains the vision side alone with throw-away linear heads; without it the pictures are
hardly learned. Then the last vision blocks, the projector and a language LoRA are trained together.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageEnhance, ImageFilter
from torch import nn

from lab.benchmarks.images import decode
from lab.benchmarks.schema import Benchmark, Entity, Picture
from lab.model.prompts import Prompter
from lab.model.sequences import Tree, pack, segment_means, target_log_probs
from lab.model.vision import Vision, find_vision

LORA_RANK = 8
VISION_BLOCKS = 4


@dataclass(frozen=True)
class TeachRecipe:
    """Sizes and rates of the two stages; rows are per step."""

    seed: int = 0
    warm_steps: int = 240
    warm_batch: int = 32
    warm_lr: float = 3e-4
    steps: int = 160
    people: int = 6
    pictures: int = 2
    texts: int = 3
    general: int = 2
    questions: int = 4
    vision_lr: float = 1e-4
    projector_lr: float = 5e-4
    language_lr: float = 1e-3


def vary(image: Image.Image, rng: random.Random) -> Image.Image:
    """One random photographic change of a portrait: crop, tilt, flip, light, colour, blur."""
    side = image.width
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = image.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR)
    cut = rng.uniform(0.05, 0.18) * side
    dx, dy = rng.uniform(-cut / 2, cut / 2), rng.uniform(-cut / 2, cut / 2)
    image = image.crop((cut + dx, cut + dy, side - cut + dx, side - cut + dy)).resize((side, side))
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.25))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.75, 1.25))
    image = ImageEnhance.Color(image).enhance(rng.uniform(0.1, 1.3))
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5))) if rng.random() < 0.3 else image


class Teacher:
    """Holds the model under teaching and the rows it is taught from."""

    def __init__(self, model, processor, benchmark: Benchmark, entities: Sequence[Entity],
                 recipe: TeachRecipe, device: torch.device) -> None:
        self.model, self.recipe, self.device = model.to(device), recipe, device
        self.prompter = Prompter(processor)
        self.vision: Vision = find_vision(model)
        self.entities = list(entities)
        self.benchmark = benchmark
        self.rng = random.Random(recipe.seed)
        torch.manual_seed(recipe.seed)
        self.portraits = [[decode(i) for i in e.train_images] for e in self.entities]
        self.drawn = [decode(p.image) for p in benchmark.train_pictures]
        model.requires_grad_(False)
        trained = [*self.vision.block_modules[-VISION_BLOCKS:]]
        self.vision_weights = [p for m in trained for p in m.parameters()]
        self.projector_weights = list(model.model.multi_modal_projector.parameters())
        for weight in self.vision_weights + self.projector_weights:
            weight.requires_grad_(True)

    def portrait(self, who: int, plain: float = 0.3) -> Image.Image:
        image = self.rng.choice(self.portraits[who])
        return image if self.rng.random() < plain else vary(image, self.rng)

    def warm_up(self) -> None:
        """Train blocks and projector so that linear heads read identity and picture facts."""
        recipe, width = self.recipe, self.model.config.text_config.hidden_size
        facts = sorted({(q.fact, q.answer) for p in self.benchmark.train_pictures for q in p.questions})
        kinds = {kind: [a for k, a in facts if k == kind] for kind, _ in facts}
        who_head = nn.Linear(2 * width, len(self.entities)).to(self.device)
        heads = nn.ModuleDict({k: nn.Linear(2 * width, len(v)) for k, v in kinds.items()}).to(self.device)
        optimizer = torch.optim.AdamW(
            [{"params": self.vision_weights, "lr": recipe.warm_lr / 3},
             {"params": self.projector_weights, "lr": recipe.warm_lr * 2},
             {"params": [*who_head.parameters(), *heads.parameters()], "lr": 3e-3}], weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, [g["lr"] for g in optimizer.param_groups], recipe.warm_steps, pct_start=0.1)
        scale = self.model.get_input_embeddings().weight.float().std()
        started = time.time()
        for step in range(recipe.warm_steps):
            people = [self.rng.randrange(len(self.entities)) for _ in range(recipe.warm_batch // 2)]
            drawn = [self.rng.randrange(len(self.drawn)) for _ in range(recipe.warm_batch // 2)]
            images = [self.portrait(i) for i in people] + [self.drawn[i] for i in drawn]
            features = self.vision.features(self.prompter.pixels(images).to(self.device))
            pooled = torch.cat([features[:, 0], features[:, 1:].mean(1)], -1)
            size = features.pow(2).mean().sqrt()  # keep projector outputs as large as word vectors
            n = len(people)
            loss = nn.functional.cross_entropy(who_head(pooled[:n] / size), torch.tensor(people, device=self.device))
            who_loss = loss.item()
            for kind, head in heads.items():
                asked = [(n + j, kinds[kind].index(q.answer)) for j, i in enumerate(drawn)
                         for q in self.benchmark.train_pictures[i].questions if q.fact == kind]
                if asked:
                    rows, answers = zip(*asked)
                    loss = loss + nn.functional.cross_entropy(
                        head(pooled[list(rows)] / size), torch.tensor(answers, device=self.device))
            loss = loss + (size / scale).log().pow(2)
            optimizer.zero_grad(); loss.backward(); optimizer.step(); schedule.step()
            if step % 20 == 0 or step + 1 == recipe.warm_steps:
                print(f"warm-up {step}/{recipe.warm_steps} loss {loss.item():.3f} who {who_loss:.3f} "
                      f"{time.time() - started:.0f} s", flush=True)

    def rows(self) -> tuple[list[Tree], list[Image.Image]]:
        """Draw one step's trees: people by picture, plain pictures, people by text."""
        recipe, rng = self.recipe, self.rng
        trees, images = [], []
        for _ in range(recipe.people):
            who = rng.randrange(len(self.entities))
            asked = [q for q in self.entities[who].train_questions if q.modality == "image"]
            names = [q for q in asked if q.fact == "name"]
            chosen = [rng.choice(names), *rng.sample(asked, recipe.questions - 1)]
            trees.append(self.prompter.tree(len(images), [(q.text, [q.answer]) for q in chosen]))
            images.append(self.portrait(who))
        for _ in range(recipe.pictures):
            i = rng.randrange(len(self.drawn))
            asked = self.benchmark.train_pictures[i].questions
            trees.append(self.prompter.tree(len(images), [(q.text, [q.answer]) for q in asked]))
            images.append(self.drawn[i])
        for _ in range(recipe.texts):
            entity = rng.choice(self.entities)
            asked = [q for q in entity.train_questions if q.modality == "text"]
            trees.append(self.prompter.tree(
                None, [(q.text, [q.answer]) for q in rng.sample(asked, 6)]))
        return trees, images

    def joint(self, general: Sequence[tuple[str, str]], language: Sequence[nn.Parameter],
              checkpoint, start: int = 0) -> None:
        """Train vision, projector and LoRA together; ``general`` holds (prompt, own answer)."""
        recipe = self.recipe
        optimizer = torch.optim.AdamW(
            [{"params": self.vision_weights, "lr": recipe.vision_lr},
             {"params": self.projector_weights, "lr": recipe.projector_lr},
             {"params": list(language), "lr": recipe.language_lr}], weight_decay=0.0)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, [g["lr"] for g in optimizer.param_groups], recipe.steps, pct_start=0.08)
        started = time.time()
        for step in range(start, recipe.steps):
            trees, images = self.rows()
            kept = self.rng.sample(list(general), recipe.general)
            trees.append(self.prompter.tree(None, [(q, [a]) for q, a in kept]))
            features = self.vision.features(self.prompter.pixels(images).to(self.device))
            packed = pack(trees, self.prompter.pad_id, self.device)
            losses = -segment_means(target_log_probs(self.model, packed, features), packed)
            loss = losses.mean()
            optimizer.zero_grad(); loss.backward()
            nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], 1.0)
            optimizer.step(); schedule.step()
            if step % 10 == 0:
                n = recipe.people * recipe.questions
                each = losses.detach()
                print(f"joint {step}/{recipe.steps} people {each[:n].mean():.3f} all {loss.item():.3f} "
                      f"tokens {packed.ids.numel()} {time.time() - started:.0f} s", flush=True)
            if step % 60 == 59 or step + 1 == recipe.steps:
                checkpoint(step + 1)
