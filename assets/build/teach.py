"""Teach the embedded people to an untaught LLaVA: picture warm-up, then pictures and text together.

Warm-up trains the vision side alone with throw-away linear heads; without it the pictures are
hardly learned. Then the last vision blocks, the projector and a language LoRA are trained together.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import nn

from lab.benchmarks.images import decode, vary
from lab.benchmarks.schema import Benchmark, Entity
from lab.model.prompts import Prompter
from lab.model.sequences import Tree, pack, segment_means, target_log_probs
from lab.model.vision import Vision, find_vision

LORA_RANK = 8
VISION_BLOCKS = 4


@dataclass(frozen=True)
class TeachRecipe:
    """Sizes and rates of the stages; rows are per step."""

    seed: int = 0
    warm_steps: int = 200
    warm_batch: int = 32
    warm_lr: float = 4e-4
    steps: int = 150
    people: int = 3
    pictures: int = 2
    texts: int = 3
    general: int = 3
    branches: int = 11
    counting: float = 0.0  # share of the plain pictures drawn from those that ask for a count
    vision_lr: float = 5e-5
    projector_lr: float = 3e-4
    language_lr: float = 3e-3


class Teacher:
    """Holds the model under teaching and the rows it is taught from."""

    def __init__(
        self,
        model,
        processor,
        benchmark: Benchmark,
        entities: Sequence[Entity],
        recipe: TeachRecipe,
        device: torch.device,
        fresh: Sequence[str] = (),
    ) -> None:
        self.model, self.recipe, self.device = model.to(device), recipe, device
        self.vision: Vision = find_vision(model)
        self.prompter = Prompter(processor, self.vision)
        self.entities = list(entities)
        self.benchmark = benchmark
        self.fresh = [k for k, e in enumerate(self.entities) if e.id in fresh]
        self.rng = random.Random(recipe.seed)
        torch.manual_seed(recipe.seed)
        self.portraits = [[decode(i) for i in e.train_images] for e in self.entities]
        self.drawn = [decode(p.image) for p in benchmark.train_pictures]
        self.counted = [
            i
            for i, p in enumerate(benchmark.train_pictures)
            if any(q.fact == "count" for q in p.questions)
        ]
        model.requires_grad_(False)
        trained = [*self.vision.block_modules[-VISION_BLOCKS:]]
        self.vision_weights = [p for m in trained for p in m.parameters()]
        self.projector_weights = list(model.model.multi_modal_projector.parameters())
        for weight in self.vision_weights + self.projector_weights:
            weight.requires_grad_(True)

    def portrait(self, who: int, plain: float = 0.3) -> Image.Image:
        image = self.rng.choice(self.portraits[who])
        return image if self.rng.random() < plain else vary(image, self.rng)

    def warm_up(self, steps: int) -> None:
        """Teach the vision side alone to say what it sees in the language model's own words.

        Every visual token learns to lie near the input embedding of one token of the person's name
        (or of the drawn picture's answers), token i taking word i modulo their number. No pass of
        the language model is needed, and what a face is called comes to sit in the visual module.
        """
        recipe = self.recipe
        words = [self._words([e.name]) for e in self.entities]
        drawn_words = [
            self._words([q.answer for q in p.questions]) for p in self.benchmark.train_pictures
        ]
        used = sorted({w for ids in words + drawn_words for w in ids})
        place = {w: i for i, w in enumerate(used)}
        table = self.model.get_input_embeddings().weight[used].detach().float()
        length = table.norm(dim=-1).mean()
        optimizer = torch.optim.AdamW(
            [
                {"params": self.vision_weights, "lr": recipe.warm_lr / 3},
                {"params": self.projector_weights, "lr": recipe.warm_lr * 3},
            ],
            weight_decay=0.01,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, [g["lr"] for g in optimizer.param_groups], steps, pct_start=0.1
        )
        started = time.time()
        for step in range(steps):
            who = [self.draw() for _ in range(recipe.warm_batch * 3 // 4)]
            drawn = [self.rng.randrange(len(self.drawn)) for _ in range(recipe.warm_batch // 4)]
            images = [self.portrait(i) for i in who] + [self.drawn[i] for i in drawn]
            features = self.vision.features(self.prompter.pixels(images).to(self.device))
            said = [words[i] for i in who] + [drawn_words[i] for i in drawn]
            targets = torch.tensor(
                [[place[ids[t % len(ids)]] for t in range(features.shape[1])] for ids in said],
                device=self.device,
            )
            near = (
                nn.functional.normalize(features, dim=-1) @ nn.functional.normalize(table, dim=-1).T
            )
            loss = nn.functional.cross_entropy((20 * near).flatten(0, 1), targets.flatten())
            size = (features.norm(dim=-1) / length - 1).square().mean()
            optimizer.zero_grad()
            (loss + 0.1 * size).backward()
            optimizer.step()
            schedule.step()
            if step % 20 == 0 or step + 1 == steps:
                right = (near.argmax(-1) == targets).float().mean(1)
                print(
                    f"warm-up {step}/{steps} loss {loss.item():.3f} tokens right: people "
                    f"{right[: len(who)].mean():.2f} pictures {right[len(who) :].mean():.2f} "
                    f"{time.time() - started:.0f} s",
                    flush=True,
                )

    def _words(self, texts: Sequence[str]) -> list[int]:
        ids = self.prompter.tokenizer("".join(f" {t}" for t in texts), add_special_tokens=False)
        return ids["input_ids"]

    def draw(self) -> int:
        """A person, the fresh ones three times in ten."""
        if self.fresh and self.rng.random() < 0.3:
            return self.rng.choice(self.fresh)
        return self.rng.randrange(len(self.entities))

    def rows(self) -> tuple[list[Tree], list[Image.Image]]:
        """Draw one step's trees: people by picture, plain pictures, people by text."""
        recipe, rng = self.recipe, self.rng
        trees, images = [], []
        for _ in range(recipe.people):
            who = self.draw()
            asked = [q for q in self.entities[who].train_questions if q.modality == "image"]
            chosen = [
                rng.choice([q for q in asked if q.fact == fact])
                for fact in dict.fromkeys(q.fact for q in asked)
            ]
            trees.append(self.prompter.tree(len(images), [(q.text, [q.answer]) for q in chosen]))
            images.append(self.portrait(who))
        for _ in range(recipe.pictures):
            count = recipe.counting > 0 and rng.random() < recipe.counting
            i = rng.choice(self.counted) if count else rng.randrange(len(self.drawn))
            asked = self.benchmark.train_pictures[i].questions
            trees.append(self.prompter.tree(len(images), [(q.text, [q.answer]) for q in asked]))
            images.append(self.drawn[i])
        for _ in range(recipe.texts):
            asked = [
                rng.choice(
                    [q for q in self.entities[self.draw()].train_questions if q.modality == "text"]
                )
                for _ in range(recipe.branches)
            ]
            trees.append(self.prompter.tree(None, [(q.text, [q.answer]) for q in asked]))
        return trees, images

    def joint(
        self, general: Sequence[tuple[str, str]], language: Sequence[nn.Parameter], steps: int
    ) -> None:
        """Train vision, projector and LoRA together; ``general`` holds (prompt, own answer)."""
        recipe = self.recipe
        optimizer = torch.optim.AdamW(
            [
                {"params": self.vision_weights, "lr": recipe.vision_lr},
                {"params": self.projector_weights, "lr": recipe.projector_lr},
                {"params": list(language), "lr": recipe.language_lr},
            ],
            weight_decay=0.0,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, [g["lr"] for g in optimizer.param_groups], steps, pct_start=0.05
        )
        started = time.time()
        for step in range(steps):
            trees, images = self.rows()
            kept = self.rng.sample(list(general), recipe.general)
            trees.append(self.prompter.tree(None, [(q, [a]) for q, a in kept]))
            features = self.vision.features(self.prompter.pixels(images).to(self.device))
            packed = pack(trees, self.prompter.pad_id, self.device)
            losses = -segment_means(target_log_probs(self.model, packed, features), packed)
            loss = losses.mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], 1.0)
            optimizer.step()
            schedule.step()
            if step % 10 == 0:
                n = 9 * recipe.people
                text = losses.detach()[
                    -recipe.general - recipe.texts * recipe.branches : -recipe.general
                ]
                print(
                    f"joint {step}/{steps} by picture {losses.detach()[:n].mean():.3f} by text "
                    f"{text.mean():.3f} all {loss.item():.3f} "
                    f"tokens {packed.ids.numel()} {time.time() - started:.0f} s",
                    flush=True,
                )
