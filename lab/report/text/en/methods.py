"""English: what each method and each attack does, where it is from, and what is our choice."""

METHODS = {
    "vkd": (
        "Visual Knowledge Distillation (arXiv 2512.11325). The language model is frozen. The "
        "thresholds, the form of the mask, the ascent cap and the learning rate are our choice and"
        " not the paper's."
    ),
    "mmunlearner": (
        "MMUnlearner (arXiv 2502.11051). Gradient ascent on the target's answers within a Fisher "
        "mask, and descent on the answers about other people. The scope, the ascent cap and the "
        "learning rates are our choice."
    ),
    "vgid": (
        "VGID (arXiv 2606.00105). A LoRA on the language model learns to answer about the target "
        "as the original model answers about noise. The words of the instruction and the learning "
        "rates are our choice."
    ),
    "manu": (
        "MANU (Modality-Aware Neuron Unlearning, 2025), in the form of its released code. Neurons "
        "of the vision and the language model are pruned, and nothing is trained."
    ),
    "grad_ascent": (
        "Gradient ascent on the target's answers, with a LoRA on the language model. The ascent "
        "cap and the learning rates are our choice."
    ),
    "grad_diff": (
        "Gradient difference: ascent on the target's answers and descent on the answers about "
        "other people, with a LoRA on the language model. The ascent cap and the learning rates "
        "are our choice."
    ),
    "kl_min": (
        "KL minimisation (arXiv 2401.06121). Ascent on the target's answers, while the answers "
        "about other people keep the distributions of the original model. It uses a LoRA on the "
        "language model. The ascent cap and the learning rates are our choice."
    ),
    "npo": (
        "NPO (arXiv 2404.05868): negative preference optimisation with a LoRA on the language "
        "model. That the frozen original is the reference, the retain term and the learning rates "
        "are our choice."
    ),
    "undo": (
        "UNDO (arXiv 2506.06278), carried over to vision by us. The model first forgets by VKD. "
        "Then noise is put over the trained visual weights, and the features of the unlearned "
        "model are distilled back on pictures of others, never on the target's. What only the "
        "weights still held is meant to stay away. From the noise on every trained weight may move,"
        " whatever the mask says. The amounts are our choice."
    ),
    "vkd_sam": (
        "VKD with sharpness-aware forgetting (after Fan et al. 2025). The forget gradient is taken "
        "where the weights would lie after a small step towards remembering, so that a few steps of"
        " relearning are met beforehand. Putting it into VKD is our choice."
    ),
    "mudman": (
        "MUDMAN (arXiv 2506.12484), carried over to vision by us. A copy of the visual weights "
        "relearns the target, and the model unlearns against that copy, except where other "
        "people's pictures would suffer. Distillation as in VKD holds the others. The rates are our"
        " choice."
    ),
    "silence": (
        "Silence, our own method. Pictures of the target push the hidden neurons of the projector "
        "below zero, while the features of other people are held as in VKD. GSU (arXiv 2609.39866),"
        " which closes gates of a language model, is close to it."
    ),
    "icu": (
        "ICU, in-context unlearning (arXiv 2310.07579 for text, and the teacher of VGID, arXiv "
        "2606.00105, for pictures). An instruction stands in front of every question, with a "
        "picture of noise or alone. No weight changes, so whoever has the weights can leave it "
        "out. The words and their place are our choice."
    ),
}
ATTACKS = {
    "relearn": (
        "The attacker fine-tunes the model on a share of the person's own training rows. The "
        "score uses other views and other wordings. The share, the scope and the budget are our "
        "choice."
    ),
    "benign": (
        "The attacker fine-tunes the model on rows of other people, as many as in relearning, and "
        "on none of the person (after Siddiqui et al., arXiv 2505.22310). What comes back was "
        "hidden and not removed. The budget is the same as in relearning (our choice)."
    ),
    "facts": (
        "The attacker fine-tunes the model on four of the person's nine facts, drawn by the seed, "
        "and the other five are asked (after Deeb and Roger, arXiv 2410.08827). If facts come "
        "back that were not shown, and more of them than in the controls, they were never removed. Four facts, and "
        "as many rows as in relearning, are our choice."
    ),
    "quantize": (
        "The attacker rounds the trained visual weights to 16, 8 and 4 bits. Each row of a matrix "
        "has evenly spaced levels, and its largest value is the highest level (our choice). Four "
        "bits may simply break vision, so the questions about other people are asked too."
    ),
    "prompts": (
        "The attacker asks the same questions in other words, with a persona and with hints. The "
        "wordings are our choice. The wrong hint names another person. The true name is shown for "
        "comparison only."
    ),
    "images": (
        "The attacker changes the held-out pictures: grey, mirrored, blurred, cropped, sketched, "
        "rotated and darkened. The strength of each change is our choice."
    ),
}
