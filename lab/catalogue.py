"""The methods and attacks there are, by name: what each does, where it is from, what is our choice."""

# The methods themselves are in lab.unlearn.methods.
METHODS: dict[str, str] = {
    "vkd": "Visual Knowledge Distillation (arXiv 2512.11325): the language model is frozen; "
           "thresholds, mask form, cap and learning rate are this lab's choice, not the paper's.",
    "mmunlearner": "MMUnlearner (arXiv 2502.11051): ascent on the target within a Fisher mask, "
                   "descent on the others; the scope, the cap and the rates are this lab's choice.",
    "vgid": "VGID (arXiv 2606.00105): a language LoRA learns to answer about the target as the "
            "original does about noise; the instruction's words and the rates are this lab's choice.",
    "manu": "MANU (Modality-Aware Neuron Unlearning, 2025), in the form of its released code: "
            "vision and language neurons are pruned and nothing is trained.",
    "grad_ascent": "Gradient ascent on the target's answers through a language LoRA; the cap and "
                   "the rates are this lab's choice.",
    "grad_diff": "Gradient difference: ascent on the target's answers and descent on the others', "
                 "through a language LoRA; the cap and the rates are this lab's choice.",
    "kl_min": "KL minimisation (arXiv 2401.06121): ascent on the target's answers while the others' "
              "keep the original's distributions, through a language LoRA; the cap and the rates "
              "are this lab's choice.",
    "npo": "NPO (arXiv 2404.05868): negative preference optimisation through a language LoRA; the "
           "frozen original as its reference, the retain term and the rates are this lab's choice.",
    "silence": "Silence, this lab's own: the target's pictures push every hidden projector neuron below "
               "zero, the others' features are held as in VKD. Nothing of it is a paper's.",
}
VISUAL_METHODS = ("vkd", "silence")  # these never change the language model, whatever the recipe
# The attacks themselves are in lab.attack.
ATTACKS: dict[str, str] = {
    "relearn": "Fine-tuning on a share of the person's own training rows. Scored are other views and "
               "wordings; the share, the scope and the budget are this lab's choice.",
    "benign": "Fine-tuning on as many rows of other people, none of the person's: what comes back was "
              "hidden, not removed. The same budget as relearning (our choice).",
    "quantize": "The trained visual weights rounded to 16, 8 and 4 bits: each row of a matrix evenly, "
                "its largest value the highest level (our choice). Four bits may simply break vision, "
                "so others are asked, too.",
    "prompts": "The same questions in other words, with a persona and with hints; the wordings are this "
               "lab's. The wrong hint names someone else. The true name is shown for comparison.",
    "images": "The held-out pictures grey, mirrored, blurred, cropped, sketched, turned and darkened; "
              "how strongly is this lab's choice.",
}
TRAINING_ATTACKS = ("relearn", "benign")
