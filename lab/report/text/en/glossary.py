"""English: the terms of the field, each with the words that stand for it and one sentence."""

GLOSSARY = {
    "vqa": (
        ("VQA", "visual question answering"),
        "Visual question answering: a question about a photo, answered with the photo in view.",
    ),
    "qa": (
        ("QA",),
        "Question answering in text alone: the same kind of question, without any photo.",
    ),
    "forget": (
        ("forget set", "forget VQA", "forget QA"),
        "What the model should no longer know: the questions about the chosen person.",
    ),
    "retain": (
        ("retain set", "retain VQA", "retain QA", "retain"),
        "What the model should keep: the questions about everybody else.",
    ),
    "unlearning": (
        ("unlearning", "unlearned"),
        "Changing a trained model so that it behaves as if it had never seen certain data.",
    ),
    "entity": (("entity",), "Whoever can be forgotten: here, one person with photos and facts."),
    "fisher": (
        ("Fisher saliency", "Fisher information", "Fisher ratio", "Fisher"),
        "How much a model's answers change when one weight changes a little, measured by squared "
        "gradients.",
    ),
    "importance": (
        ("importance",),
        "How much more strongly a neuron fires for this person's photos than for other people's.",
    ),
    "neuron": (
        ("neurons", "neuron"),
        "A small unit of the model that adds up many inputs and fires more or less strongly.",
    ),
    "weight": (
        ("weights",),
        "The numbers in a model that training changes, one for each connection of two neurons.",
    ),
    "mask": (
        ("mask",),
        "The choice of weights that may change during unlearning, while all others keep their bits.",
    ),
    "prune": (
        ("pruned", "prune", "switched off"),
        "To set a neuron to zero for good, so that it passes nothing on.",
    ),
    "d_i": (
        ("prune share", "d_I"),
        "Which share of the neurons is set to zero, those that fire most for this person first.",
    ),
    "d_f": (
        ("mask threshold", "d_F"),
        "How many times more a weight must matter for this person than for others before it may "
        "change.",
    ),
    "vkd": (
        ("Visual Knowledge Distillation", "VKD"),
        "An unlearning method: it pushes away the answers about one face, and distils what the model "
        "sees in everybody else's photos.",
    ),
    "distillation": (
        ("distillation", "distilled"),
        "Training a model to give the same outputs as another one, its teacher, on chosen inputs.",
    ),
    "teacher": (
        ("teacher",),
        "The model whose outputs are copied in distillation: here, the original one, kept frozen.",
    ),
    "lora": (
        ("LoRA",),
        "A small pair of added matrices that is trained in place of a model's large ones.",
    ),
    "ag": (
        ("AG", "accuracy gain"),
        "Accuracy gain: the accuracy after an attack less the accuracy before it, lower is better.",
    ),
    "gap": (
        ("vanilla gap",),
        "How far the attacked model stays below the original, untouched (vanilla) one.",
    ),
    "vanilla": (
        ("vanilla",),
        "The model as it was taught, before anything is unlearned: here called the original.",
    ),
    "control": (
        ("control", "controls"),
        "A model that never met its person, treated in the same way, to compare with.",
    ),
    "projector": (
        ("projector",),
        "The part that turns what the vision tower sees into tokens that the language model reads.",
    ),
    "tower": (
        ("vision tower", "vision encoder", "visual module"),
        "The part of the model that looks at a photo and turns it into numbers.",
    ),
    "language": (
        ("language model",),
        "The part of the model that reads the question and writes the answer, word by word.",
    ),
    "block": (
        ("vision blocks", "block"),
        "One of the layers that a photo passes through inside the vision tower, one after another.",
    ),
    "delta": (
        ("delta",),
        "The difference between the changed and the original weights, which is all that a run "
        "leaves.",
    ),
    "beta": (("beta",), "How much distillation counts beside forgetting, during training."),
    "attack": (
        ("relearning attack", "relearning", "relearned", "attacker"),
        "Training an unlearned model on a little of the data, to see how fast it comes back.",
    ),
    "recovery": (
        ("recovery",),
        "How many points the attacked model is ahead of one that never met the person, as both "
        "learn.",
    ),
    "delay": (
        ("relearning delay", "delay"),
        "How many times as many steps relearning takes as teaching a model that never met the "
        "person.",
    ),
    "patching": (
        ("activation patching", "patching", "patched"),
        "Putting one model's activations into another, to see from which depth its answers change.",
    ),
    "barrier": (
        ("loss barrier", "barrier"),
        "How far the loss rises on the straight line between two sets of weights.",
    ),
    "chance": (
        ("chance",),
        "The share that blind guessing gets right: one in four with four answers to choose from.",
    ),
    "heldout": (
        ("held-out", "held out"),
        "Kept away from training, so that it tests what was learned and not what was memorised.",
    ),
    "quantisation": (
        ("quantisation", "quantised"),
        "Storing weights with fewer bits, so that a model needs less memory.",
    ),
    "gguf": (
        ("gguf-q4",),
        "The language model's weights are stored with about four bits each, in the GGUF format.",
    ),
    "other_bits": (
        ("int8", "nf4"),
        "The language model's weights are stored with eight (int8) or four bits (nf4) each.",
    ),
    "clean": (
        ("mode clean",),
        "Scored by the lab's own held-out questions, and not by a benchmark's published ones.",
    ),
    "probe": (
        ("linear probe",),
        "A small test whether a person can be read off a layer's numbers by one weighted sum.",
    ),
    "nearest": (
        ("nearest view", "nearest training view"),
        "A test that looks which known photo lies closest to a new one in the model's numbers.",
    ),
    "loss": (
        ("loss", "losses"),
        "The number that training makes smaller: how far the answers are from the wanted ones.",
    ),
    "n": (("n",), "How many questions stand behind a figure: the more, the surer it is."),
    "seed": (("seed",), "The number from which all chance in a run is drawn."),
    "logits": (("logits",), "The scores that the model gives to every possible next word."),
    "rouge": (
        ("ROUGE-L",),
        "How much of a reference answer's words, in order, an answer contains.",
    ),
    "cloze": (("cloze",), "A sentence with a blank that the model fills in."),
    "points": (("points",), "Percentage points: from 90 % to 80 % is ten points less."),
    "greedy": (("gradient ascent", "ascent"), "Training backwards: away from the right answer."),
    "benchmark": (
        ("benchmark",),
        "A fixed collection of photos and questions with which methods are compared.",
    ),
    "hidden": (
        ("hidden rather than gone",),
        "Still inside the model, although it does not show in the answers.",
    ),
}
