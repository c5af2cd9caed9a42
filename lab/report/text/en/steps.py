"""English: steps 2 to 4, from the look inside to the comparison."""

# 2 look inside
GO_UNLEARN = "Use these settings"
LOOK_AGAIN = "Measure again"
NEURON_AXIS = "position within the layer (%)"
NEURON_BAR = "ratio, power of ten"
FISHER_BAR, DENSITY_BAR = "ratio, power of ten", "share"
NEURON_HOVER = "neurons {first}–{last}<br>highest ratio {value:.2f}<br>pruned: {pruned} of {size}"
STABILITY = (
    "Mask stability: two masks, each from one half of the samples, agree on {overlap:.0%} of the "
    "masked weights. Two random masks of this density ({density:.1%}) would agree on {chance:.0%}."
    " {verdict}"
)
STABILITY_UNKNOWN = (
    "Mask stability: unknown. It compares two masks, each from one half of the samples, and one side"
    " has only one sample."
)
STABLE = "The agreement is well above chance, so the mask says something about this person."
SHAKY = "The agreement is close to chance, so treat the mask as a rough guess."
SAMPLES = "Measured on {forget} pictures of the person and {retain} pictures of others."
EMPTY_MAP = "Press “Look inside” in step 1. The pictures appear here."

# 3 unlearn
FIGURES = "All figures"
ABOUT_METHOD = "What this method does"
STRENGTH = "Strength"
FIELD_GROUPS = {
    "where": "What may change",
    "loss": "What it is trained for",
    "training": "How it is trained",
    "end": "When it stops, and what is measured",
}
STRENGTH_NAMES = {"Gentle": "Gentle", "Standard": "Standard", "Strong": "Strong"}
ADVANCED = "Advanced"
UNLEARN = "Unlearn"
GO_COMPARE = "Compare the answers"
RUN_BEFORE = "This run is from {when}. Nothing was done again."
RUN_AGAIN = "Run it again"
CURVES = "Losses and accuracies during unlearning"
FORGET_LOSS, RETAIN_LOSS = "Forget loss", "Retain loss"
VKD_LOSS, TOTAL_LOSS = "Distillation loss", "Total loss"
PROBES, SIZES = "Probed accuracy", "{title} (n = {n})"
FORGET, RETAIN, CHANCE = "forget", "retain", "chance"
NO_CURVE = "The curves appear here when a run has started."
AXIS_STEP = "step"
SHOW_TABLE = "Numbers as a table"
SMOOTHED = "Thick lines are smoothed. The higher the forget loss, the more is forgotten."
RESULT = "Before and after (mode {mode})"
RESULT_HEAD = ("Question set", "Before", "After", "Change", "n", "Chance")
SCORES = {
    "forget_vqa": "Recognises this person in a photo (forget VQA)",
    "forget_name": "Says the name exactly, from a photo (forget name)",
    "names_other": "Names somebody else, of the answers to who this is",
    "says_unknown": "Says it does not know, of the answers to who this is",
    "still_sees": "Still sees (this person's glasses, hair, age …; chance: the most common answers)",
    "forget_qa": "Knows this person in text (forget QA)",
    "retain_vqa": "Recognises others in a photo (retain VQA)",
    "retain_qa": "Knows others in text (retain QA)",
    "celebrity_vqa": "Recognises celebrities in a photo (celebrity VQA)",
    "celebrity_qa": "Knows celebrities in text (celebrity QA)",
    "general_qa": "Common knowledge in text (general QA)",
    "pictures_vqa": "Plain pictures, of nobody who can be forgotten (pictures VQA)",
    "real_faces_vqa": "Celebrities among the plain pictures (real faces)",
    "real_world_vqa": "Things and places among the plain pictures (real world)",
    "forget_vqa_rouge": "Forget VQA, written answers (ROUGE-L)",
    "forget_qa_rouge": "Forget QA, written answers (ROUGE-L)",
    "retain_vqa_rouge": "Retain VQA, written answers (ROUGE-L)",
    "retain_qa_rouge": "Retain QA, written answers (ROUGE-L)",
    "celebrity_vqa_rouge": "Celebrity VQA, written answers (ROUGE-L)",
    "celebrity_qa_rouge": "Celebrity QA, written answers (ROUGE-L)",
    "forget_vqa_cloze": "Forget VQA, fill in the blank (cloze)",
    "forget_qa_cloze": "Forget QA, fill in the blank (cloze)",
    "retain_vqa_cloze": "Retain VQA, fill in the blank (cloze)",
    "retain_qa_cloze": "Retain QA, fill in the blank (cloze)",
    "celebrity_vqa_cloze": "Celebrity VQA, fill in the blank (cloze)",
    "celebrity_qa_cloze": "Celebrity QA, fill in the blank (cloze)",
}
CONTROL_NAMES = {"never_knew": "Never knew", "text_only": "Text only"}
CONTROL_ABOUT = {
    "never_knew": (
        "“Never knew” is a model that was taught neither this person's pictures nor the text."
    ),
    "text_only": "“Text only” is a model that was taught this person's text, and never a picture.",
}
CONTROL_N = "Every control answers the same questions, so n is the same."
CONTROL_OTHER_N, QUOTED = "{share} (n = {n})", "“{name}”"
NO_CONTROL_HERE = "Not a control for this person, because it lacks other people: {names}."
CONTROLS_COMING = "The controls are being asked the same questions. Their columns appear then."
NO_CHANCE = (
    "A written answer (ROUGE-L, cloze, names somebody else, does not know) has no chance level, "
    "because nothing is given to choose from."
)
POINTS = "{points:+.1f} points"
MEGABYTES = "{megabytes:,.0f} MB"
TEXT_SAME = "Text-only answers: bit for bit identical to the answers of the original model."
TEXT_DIFFERS = (
    "Text-only answers: NOT identical to the answers of the original model. Something is wrong."
)
TEXT_CHANGED = (
    "This method also changes the language model: {share} of the text-only questions changed from "
    "right to wrong or from wrong to right."
)
MAY_CHANGE_TEXT = (
    "If the method trains or prunes the language model, or puts words in front of every question, "
    "its text-only answers may change too."
)
CONTEXT_CHANGED = (
    "This method changes no weight. In front of every question stands: “{context}” With that, "
    "{share} of the text-only questions changed from right to wrong or from wrong to right. "
    "Whoever has the weights can leave these words out, and then asks the original model."
)
CONTEXT_SAME = (
    "Text-only answers without the words in front: bit for bit identical to the answers of the "
    "original model."
)
TEXT_UNCHECKED = "Text-only answers: not checked in this run."
BASE_SAME = "The shared original model is unchanged: it has the same hash before and after."
BASE_DIFFERS = "The shared original model has CHANGED. Restart the lab."
BASE_UNCHECKED = "The shared original model was not checked in this run."
DETAILS = (
    "{steps} steps, {pruned} neurons pruned, {mask}, {seconds} in total, peak memory {memory}, on "
    "{device} with {quantization}."
)
READY = "The unlearned model is ready: you can chat with it in step 4 while it is being scored."
REUSED = "What step 2 or an earlier run had measured was used again. The result is the same, bit for bit."
IN_MASK, NO_MASK = "{share} of the weights in the mask", "no mask"
UNKNOWN, NOTHING = "?", "–"

# 4 compare
ORIGINAL, UNLEARNED, RELEARNED = "Original", "Unlearned", "Relearned"
NO_UNLEARNED = "There is no unlearned model yet. Run step 3, or load a run in step 6."
COMING_UNLEARNED = "The unlearned model is being made. The original answers meanwhile."
NO_ANSWER = "Ask a question below."
PICTURE = "Photo"
NO_PICTURE = "No picture: the question is text only"
NEXT_VIEW, UPLOAD, REMOVE = "Another view", "Upload", "Remove picture"
QUESTION = "Your question"
ASK_WHAT = "What to ask"
ASK_ABOUT = "Ask about a person's {facts}."
ASK_PEOPLE = (
    "Ask about the people of {benchmark}: their names, and what its questions tell of them."
)
FACT_NAMES = {
    "name": "name",
    "occupation": "occupation",
    "birthplace": "birthplace",
    "residence": "residence",
    "hobby": "hobby",
    "pet": "pet",
    "employer": "employer",
    "education": "education",
    "favourite food": "favourite food",
}
ASK, CLEAR, RETRY = "Ask", "Clear", "Retry"
FOLLOW_UP = "Follow-up question"
WITHOUT = "{question} (no photo)"
ASK_ORIGINAL = "You chose {name}: you can ask the original model about this person now."
NOT_RECORDED = "This question was not recorded, so only the original model answers it now. Run it yourself to ask both."
SHOW_RELEARNED = "Relearned model"
EMPTY_QUESTION = "Type a question first."
TOO_LONG = "The question has {length} characters. At most {limit} can be asked: make it shorter."
BAD_PICTURE = "The file is not a picture this lab can read. Use JPEG, PNG or WebP."
BIG_PICTURE = "The picture is too large. Use at most {megabytes} MB and {pixels} megapixels."
FIXED = "Fixed questions"
FIXED_TALLY = "Fixed: {before} → {after} of {judged} right"
ASK_FIXED = "Ask fixed questions"
FIXED_HEAD = ("Group", "Picture", "Question", "Reference")
FIXED_EMPTY = (
    "These questions are the same for every run. Each answer is compared with a reference answer."
)
GROUPS = {
    "Forget VQA": "this face (forget VQA)",
    "Forget QA": "this person in text (forget QA)",
    "Retain VQA": "other faces (retain VQA)",
    "Retain QA": "others in text (retain QA)",
    "General": "common knowledge",
}
PROBE_PICTURE = "The picture this question is about"
RIGHT, WRONG, NOT_JUDGED = "✓ right", "✗ wrong", "not judged"
GO_ATTACK = "Attack it"
TALLY = "{side}: {right} of {judged} right"
