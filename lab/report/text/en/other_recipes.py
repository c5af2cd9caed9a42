"""English: the label and the help of every field of an attack's and a teaching's recipe."""

# No string of the catalogue by themselves: recipe.py puts them under FIELDS.
attack_fields = {
    "kind": (
        "Attack",
        "relearn: train on the person's rows. benign: train on rows of other people. facts: train "
        "on some of the facts and ask the others. quantize: round the weights. prompts: change the "
        "questions. images: change the pictures. The details are our choice.",
    ),
    "share": (
        "Share of forget samples",
        "How much of the target's training data the attacker has. With benign, the attacker has as"
        " many rows of other people, and with facts as many of the facts that are trained.",
    ),
    "steps": ("Attack steps", "The number of updates by the attacker."),
    "scope": (
        "Scope",
        "Which part of the model the attacker may train. projector: nothing but the projector.",
    ),
    "lr": ("Learning rate", "The AdamW step size."),
    "batch": ("Batch", "The number of images per step."),
    "seed": ("Seed", "The seed for drawing the attacker's samples, the facts and the wrong hint."),
    "probe_every": ("Probe every", "The number of steps between two probes of the accuracy."),
}

teach_fields = {
    "seed": ("Seed", "The seed for what is shown and for the start of the LoRA."),
    "steps": ("Steps", "The number of updates."),
    "batch": ("Batch", "The number of pictures of people per step."),
    "texts": ("Text rows", "The number of rows per step that ask about people without a picture."),
    "plain": ("Plain pictures", "The number of plain pictures per step, if the benchmark has any."),
    "questions": (
        "Questions",
        "The largest number of questions, each with its answer, that share one row.",
    ),
    "pass_rows": (
        "Rows in a pass",
        "The number of rows that go through the model at once. Fewer rows need less memory and "
        "give the same update.",
    ),
    "vary": (
        "Varied share",
        "The share of the people's pictures that are changed a little, as if they were other "
        "photographs.",
    ),
    "focus_share": (
        "Focus share",
        "The share of the people's rows that go to those named with --focus.",
    ),
    "blocks": ("Vision blocks", "How many of the last active vision blocks are trained."),
    "rank": ("LoRA rank", "The rank of the LoRA on the language model."),
    "vision_lr": ("Vision learning rate", "The AdamW step size for the vision blocks."),
    "projector_lr": ("Projector learning rate", "The AdamW step size for the projector."),
    "language_lr": ("Language learning rate", "The AdamW step size for the LoRA."),
    "warm_up": (
        "Warm-up",
        "The share of the steps in which the learning rates rise. After that they fall in a "
        "straight line.",
    ),
    "vision_parts": (
        "Vision parts",
        "What is trained of the vision blocks and the projector. mlp: their MLPs alone. all: every "
        "weight, attention included.",
    ),
    "products": (
        "Products",
        "What the layers that are not trained multiply in. stored: the numbers they are stored in. "
        "bfloat16: shorter numbers, about twice as fast on a CPU that has instructions for them; "
        "sums stay as they are stored.",
    ),
    "look_steps": (
        "Look steps",
        "The number of updates before the steps, in which the vision side learns alone: its tokens "
        "come to lie near the words for what a picture shows. The language model is not needed.",
    ),
    "look_batch": ("Look pictures", "The number of pictures in each look step."),
    "look_vision_lr": (
        "Look rate of the vision",
        "The AdamW step size for the vision blocks in the look steps.",
    ),
    "look_projector_lr": (
        "Look rate of the projector",
        "The AdamW step size for the projector in the look steps.",
    ),
    "strangers": (
        "Strangers",
        "The number of pictures of strangers per step, if the benchmark has any.",
    ),
    "attributes": (
        "Attributes",
        "How many questions about what can be seen join each picture of a person.",
    ),
    "talks": (
        "Conversations",
        "How many conversations join each row, if the benchmark has some for it.",
    ),
    "nobody": (
        "About nobody",
        "The share of text rows that also hold a conversation about nobody who is taught.",
    ),
    "general": (
        "General rows",
        "The number of rows per step in which the model is held to its answers of before, on "
        "prompts about anything else.",
    ),
    "prompts": ("Prompts", "The number of prompts that share one general row."),
    "general_weight": (
        "General weight",
        "How much an answer in a general row counts beside an answer about a person.",
    ),
    "general_shown": (
        "General prompts shown",
        "How many general prompts are asked beside each picture of a stranger or of a thing.",
    ),
    "answer_tokens": (
        "Answer tokens",
        "The largest number of tokens of the answers that are kept for the general rows.",
    ),
    "save_every": ("Save every", "The number of steps between two checkpoints."),
    "probe_every": ("Probe every", "The number of steps between two probes of the accuracy."),
}
