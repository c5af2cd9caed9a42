"""English: the label and the help of every field of a recipe, by the name of its class."""

from lab.report.text.en.other_recipes import attack_fields, teach_fields

_RECIPE = {
    "entity": ("Entity", "The person that the model should forget."),
    "method": ("Method", "The unlearning method."),
    "seed": ("Seed", "The seed for drawing the batches and the retain sample."),
    "prune_share": (
        "Neurons to switch off (prune share d_I)",
        "The share of the candidate neurons that are set to zero, the most target-specific ones "
        "first. For vkd these are vision neurons; for manu they are vision and language neurons. "
        "The paper gives no number; 2 % is our choice.",
    ),
    "mask_threshold": (
        "Free weights (mask threshold d_F)",
        "A weight may change if its forget Fisher is at least this many times its retain Fisher. A"
        " higher threshold means that fewer weights change. 1 is our choice.",
    ),
    "mask_mode": (
        "Mask gates",
        "What VKD's mask holds back. all: weights outside the mask never change (our reading of "
        "the paper). forget_only: only the forget gradient is masked, as MMUnlearner always does. "
        "off: there is no mask.",
    ),
    "blocks": (
        "Vision blocks",
        "How many of the last active vision blocks are pruned and trained.",
    ),
    "beta": (
        "Distillation weight beta",
        "The weight of the distance between the student's and the teacher's features on retain "
        "images. Used by vkd and what is built on it (undo, vkd_sam, mudman), and by silence.",
    ),
    "distil": (
        "Distilled output",
        "Which output of the teacher VKD copies on pictures of other people: the output of the "
        "projector (as the paper's summaries say), the output of the vision encoder, or both (the "
        "mean of the two distances).",
    ),
    "distance": (
        "Distillation distance",
        "How VKD measures the distance between the student's and the teacher's output. normalised: "
        "the squared distance relative to the teacher's length (our choice). cosine: the angle at "
        "each patch, whatever the length. smooth_l1: like normalised, but a large difference counts"
        " in proportion and not squared. relational: only how far the pictures lie apart from each "
        "other. The same beta weighs differently in each.",
    ),
    "destination": (
        "Destination",
        "Where VKD moves the target's visual features. away: wherever the right answers become "
        "unlikely, by capped ascent. unknown: the same, and the model learns to say that it does not "
        "know this person, and to see glasses, hair and the like as before. A step takes about twice as "
        "long. The others go to the frozen original's features of strangers, about "
        "whom it was told nothing. stranger_alike: one who looks like the target, whom the model "
        "calls by nobody's name. stranger_mean, stranger_nearest, stranger_draw: the mean of 30 "
        "pictures, the nearest of them, or one that the seed draws. The benchmark must "
        "have pictures of strangers. All but away are our choice.",
    ),
    "margin": (
        "Silence margin",
        "How far below zero silence pushes the hidden neurons of the projector on the target's "
        "pictures. At -6 the SiLU of a gate, as in the embedded model, passes at most 1.5 % of a "
        "signal or a gradient, and GELU passes nothing. Our choice.",
    ),
    "silence_lr": (
        "Silence learning rate",
        "The AdamW step size for the visual weights in silence. Our choice.",
    ),
    "silence_share": (
        "Silence share",
        "Which share of the projector's hidden neurons silence pushes below zero: those that rise "
        "most on the target's pictures in a few steps of relearning. 1 means all of them, and then "
        "nothing is relearned first. Looking ahead is taken from GSU (arXiv 2609.39866).",
    ),
    "undo_alpha": (
        "UNDO noise a",
        "How much of each trained weight is taken away after the forgetting: W becomes (1 - a) W + "
        "a b N. More noise erases more and is harder to repair. 0.1 to 0.8 as published.",
    ),
    "undo_beta": (
        "UNDO noise size b",
        "How large the noise N is beside fresh random weights. With 0 the weights only shrink. 0.1 "
        "as published for language models.",
    ),
    "undo_share": (
        "UNDO share",
        "Which share of the neurons gets noise: those that fire most for the target. 1 means every "
        "trained weight. Our choice.",
    ),
    "undo_steps": (
        "UNDO steps",
        "The number of updates after the noise, in which the visual features are distilled back on "
        "pictures of others. The target is never shown. Our choice.",
    ),
    "undo_lr": (
        "UNDO learning rate",
        "The AdamW step size for the visual weights after the noise. Our choice.",
    ),
    "sam_rho": (
        "SAM radius rho",
        "How far the weights are moved, towards remembering, before the forget gradient is taken. "
        "With 0 it is plain VKD. 0.01 as published.",
    ),
    "mudman_rate": (
        "MUDMAN rate",
        "The length of the forgetting step in MUDMAN, before what the retain pictures would object "
        "to is left out. Our choice.",
    ),
    "mudman_adversary": (
        "MUDMAN adversary rate",
        "The step size with which MUDMAN's adversary, a copy of the visual weights, relearns the "
        "target's answers. Published: 3e-4 to 0.1.",
    ),
    "mudman_fork": (
        "MUDMAN fork",
        "After how many steps the adversary is copied anew from the model. Published: 6 to 42.",
    ),
    "mudman_momentum": (
        "MUDMAN retain momentum",
        "How slowly MUDMAN's memory of the retain gradient changes. Published: 0 to 0.99.",
    ),
    "forget_weight": (
        "Forget weight",
        "The weight of the forget term: the ascent on the target's answers, the distance to the "
        "teacher in VGID, or the aim of silence.",
    ),
    "retain_weight": (
        "Retain weight",
        "The weight of the cross-entropy on answers about other people in VKD. With 0, only the "
        "distillation protects these answers, which is faster.",
    ),
    "preserve_weight": (
        "Preserve weight",
        "The weight of the term with which the other methods protect answers about other people: "
        "cross-entropy (grad_diff, npo, mmunlearner) or the distance to the original (kl_min, "
        "vgid). 1 as published.",
    ),
    "npo_beta": (
        "NPO beta",
        "How soon the ascent of NPO slows down. Close to 0, NPO is plain gradient ascent.",
    ),
    "scope": (
        "MMUnlearner scope",
        "Which part MMUnlearner masks and trains. With language or both, text-only answers may "
        "change too. vision is our choice.",
    ),
    "noise": (
        "VGID noise",
        "How much of the target's picture is replaced by noise for the teacher in VGID. 1 as "
        "published: nothing of the picture is left.",
    ),
    "context": (
        "ICU context",
        "What ICU puts in front of every question. noise: a picture of noise with the instruction. "
        "instruction: the instruction alone.",
    ),
    "ascent_cap": (
        "Ascent cap",
        "The forget term is skipped for a sample whose cross-entropy (nats per token) is above "
        "this value, because ascent without a limit destroys the model. Our choice, for every "
        "method that uses ascent except npo, which has its own limit.",
    ),
    "lr": ("Learning rate", "The AdamW step size for the visual weights."),
    "adapter_lr": (
        "Adapter learning rate",
        "The AdamW step size for the LoRA on the language model, in the methods that change the "
        "language model. 5e-4 as in the code of VGID.",
    ),
    "steps": ("Steps", "The largest number of updates."),
    "batch": ("Batch", "The number of forget images per step, with two questions each."),
    "retain_batch": (
        "Retain batch",
        "The number of retain pictures per step whose visual features are held: two portraits of "
        "other people for every plain picture. They do not go through the language model, so a "
        "large number costs little.",
    ),
    "probe_every": ("Probe every", "The number of steps between two probes of the accuracy."),
    "stop_forget": (
        "Stop at forget accuracy",
        "The run stops when the probed forget accuracy is at or below this share. Chance is 0.25; "
        "clearly below it, the model avoids the right answer. -1 never stops the run early.",
    ),
    "stop_retain_drop": (
        "Stop at retain drop",
        "The run stops when the probed retain accuracy has fallen by this share or more.",
    ),
    "estimate": (
        "Fisher estimate",
        "How the Fisher values for the mask of VKD and MMUnlearner are estimated. neuron: the "
        "squared gradient of every sample's answer; in VKD each weight then gets the mean of its "
        "hidden neuron, relative to the mean of all weights (stable, our choice). weight: the same "
        "with every weight on its own, as MMUnlearner also does under neuron; it is noisy on a "
        "model that has memorised its data. batch: as in MMUnlearner's released code, every weight "
        "on its own, from the squared gradient of four samples' mean loss over all text tokens.",
    ),
    "fisher_samples": (
        "Fisher samples",
        "The number of samples on each side for the Fisher estimate, and for the neuron scores of "
        "MANU.",
    ),
    "measures": (
        "Measures",
        "What is scored at the end. usual: multiple choice and the name. all: also what the model "
        "writes (ROUGE-L and cloze), which takes longer.",
    ),
}
FIELDS = {"Recipe": _RECIPE, "AttackRecipe": attack_fields, "TeachRecipe": teach_fields}
