"""The methods and attacks there are; what each does, in words, is in ``lab.report.text``."""

# The methods themselves are in lab.unlearn.methods.
METHODS = (
    "vkd",
    "mmunlearner",
    "vgid",
    "manu",
    "grad_ascent",
    "grad_diff",
    "kl_min",
    "npo",
    "silence",
)
VISUAL_METHODS = ("vkd", "silence")  # these never change the language model, whatever the recipe

# The attacks themselves are in lab.attack.
ATTACKS = ("relearn", "benign", "quantize", "prompts", "images")
TRAINING_ATTACKS = ("relearn", "benign")
