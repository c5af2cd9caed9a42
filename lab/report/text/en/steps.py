"""English: steps 1 to 5, from the gallery to the attack."""

# 1 pick
MORE = "Show more people"
SHOWN = "{shown} of {found} people are shown."
SEARCH, SEARCH_INFO = "Search", "A part of the name, or any fact"
PEOPLE = "People"
PERSON = "Person"
NOBODY = "Nobody is picked yet. Choose a portrait."
NO_MATCH = "Nobody matches “{query}”."
PORTRAIT_OF = "Portrait of {name}"
PICKED = "{name} is picked."
LOOK = "Look inside"
BIOGRAPHY = "Biography"
FICTION = "This person does not exist: the portrait is synthetic and the facts are invented."
PICK_FIRST = "Pick a person first (step 1)."
PERSON_GONE = "This person was removed: reload the page to see who is here now."

# 1 pick: a person of one's own
OWN = "Your own person"
OWN_CAPTION = "{name} (own)"
OWN_PRIVACY = (
    "Pictures and questions stay on the machine this lab runs on, in its cache folder, until they are "
    "removed. If that machine serves others, as in a classroom, everybody who opens this page sees "
    "the person, can ask about them and can remove them: bring nobody who would not agree to that.")
OWN_NAME, OWN_NAME_INFO = "Name", "The name the model shall forget"
OWN_PICTURES = "{fewest} to {most} portraits (JPEG, PNG or WebP, at most {megabytes} MB each)"
OWN_LINES = "Questions and answers, one a line"
OWN_LINES_INFO = (
    "question | answer, or question | answer | wrong | wrong | wrong. Write “this person” or the whole "
    "name. The name itself is asked anyway.")
OWN_LINES_HINT = "What is this person's job? | baker\nWhich sport does this person do? | judo | tennis | rowing | polo"
OWN_RULES = (
    "How they are asked, our choice: every third picture is held out for scoring, and so is your wording; "
    "training puts other words around it. Without a picture, “this person” becomes the name, or “About "
    "NAME:” goes in front. Wrong answers you do not give are drawn from what others answer to the most "
    "similar question. Pictures are kept as JPEG of at most {side} px without their metadata.")
OWN_UPLOAD_GONE = "Picture {place} is no longer here: upload the pictures again."
OWN_BAD = "Picture {place}: {reason}."
OWN_HEAVY = "it is too large, use one of at most {megabytes} MB"
OWN_AGAIN = "it is no longer here, upload it again"
OWN_ADD = "Add this person"
OWN_SPLIT = "The pictures, as they are split"
OWN_TRAINING, OWN_HELD_OUT, OWN_UNREADABLE = "training", "held out", "cannot be read"
OWN_PICTURE = "Picture {place}: {part}"
OWN_ADDED = "{name} is added and picked: {training} pictures to unlearn from, {held_out} held out."
OWN_CARD = "Added by a user of this lab; everybody who opens it sees this person."
OWN_ASKED, OWN_ASKED_HEAD = "How they are asked", ("Question with the picture", "Answer", "Wrong options")
OWN_ASKING = "Asking the loaded model about them …"
OWN_KNOWN = (
    "The loaded model is right on {right} of {n} questions about the held-out pictures (Forget VQA {share}, "
    "chance {chance}).")
OWN_KNOWS = "It knows this person: there is something to forget."
OWN_UNKNOWN = "That is not above chance: the model does not know this person, so there is little to forget."
OWN_REMOVE, OWN_KEEP = "Remove this person", "Keep"
OWN_SURE = (
    "Delete the pictures, the questions and every run about {name} from this machine? Files that "
    "somebody downloaded stay with them.")
OWN_DELETE = "Delete for good"
OWN_REMOVED = "{name} is removed, with every run about them."

# 2 look inside
GO_UNLEARN = "Unlearn with these settings"
LOOK_AGAIN = "Measure again"
PRUNE_COUNT = (
    "{pruned:,} of {total:,} neurons are pruned at this share; {density:.1%} of {weights:,} "
    "weights may change at this threshold.")
PRUNE_ONLY = "{pruned:,} of {total:,} neurons are pruned at this share."
SHARE_INFO = "Moves the marks below at once; nothing is measured again."
NEURON_MAP = "Neuron importance: how much more a neuron fires for this person"
NEURON_AXIS = "position within the layer (%)"
NEURON_BAR = "log10 ratio"
NEURON_HOVER = "neurons {first}–{last}<br>highest ratio {value:.2f}<br>pruned {pruned} of {size}"
LAYER = "Layer to zoom into"
NEURON, RATIO = "neuron", "forget / retain ratio"
KEPT, PRUNED = "kept", "pruned"
TOP_TITLE = "The most person-specific neurons"
TOP_HEAD = ("Rank", "Layer", "Neuron", "Fires for person", "Fires for others", "Ratio", "State")
FISHER_MAP = "Fisher ratio: weights that matter more for this person"
FISHER_BAR = "log10 ratio"
DENSITY_MAP = "Mask density: share of weights that may change"
DENSITY_BAR = "share"
OVERLAY = "Where the neurons to be pruned fire in the portrait"
OVERLAY_ALT = "Portrait of {name}; the brighter, the stronger the neurons to be pruned fire there"
STABILITY = (
    "Mask stability: two halves of the samples agree on {overlap:.0%} of the masked weights; two "
    "random masks of this density ({density:.1%}) would agree on {chance:.0%}. {verdict}")
STABLE = "The mask is well above chance, so it says something about this person."
SHAKY = "That is close to chance: treat the mask as a rough guess."
SAMPLES = "Measured on {forget} pictures of the person and {retain} of others."
EMPTY_MAP = "Press “Look inside” in step 1 to fill this."

# 3 unlearn
STRENGTH, STRENGTH_INFO = "Strength", "Sets every field under Advanced"
ADVANCED = "Advanced"
UNLEARN = "Unlearn"
GO_COMPARE = "Compare the answers"
CURVES = "Losses and accuracies while unlearning"
FORGET_LOSS, RETAIN_LOSS = "Forget loss (up = forgetting)", "Retain loss"
VKD_LOSS, TOTAL_LOSS = "Distillation loss", "Total loss"
PROBES = "Probed accuracy"
FORGET, RETAIN, CHANCE = "forget", "retain", "chance"
NO_CURVE = "The curves appear here once a run has started."
AXIS_STEP = "step"
SHOW_TABLE = "Show the numbers as a table"
SMOOTHED = "bold: smoothed, thin: raw"
RESULT = "Before and after (mode {mode})"
RESULT_HEAD = ("Question set", "Before", "After", "Change", "n", "Chance")
SCORES = {
    "forget_vqa": "Forget VQA (this person, by picture)",
    "forget_name": "Name said exactly (this person, by picture)",
    "forget_qa": "Forget QA (this person, by text)",
    "retain_vqa": "Retain VQA (others, by picture)",
    "retain_qa": "Retain QA (others, by text)",
    "general_qa": "General QA (common knowledge)",
    "pictures_vqa": "Plain pictures (shapes, colours, counts)",
}
POINTS = "{:+.1f} points"
TEXT_SAME = "Text-only answers: identical bit for bit to the original's."
TEXT_DIFFERS = "Text-only answers: NOT identical to the original's. Something is wrong."
TEXT_CHANGED = (
    "This method changes the language model too: {share} of the text-only questions turned from right "
    "to wrong or back.")
MAY_CHANGE_TEXT = "Where it trains or prunes the language model, text answers may change too."
TEXT_UNCHECKED = "Text-only answers: not checked in this run."
BASE_SAME = "The shared original model: unchanged (same hash before and after)."
BASE_DIFFERS = "The shared original model: CHANGED. Restart the lab."
BASE_UNCHECKED = "The shared original model: not checked in this run."
DETAILS = (
    "{steps} steps, {pruned} neurons pruned, {mask}, {seconds} in "
    "all, peak memory {memory}, on {device} with {quantization}.")
IN_MASK, NO_MASK = "{share} of the weights in the mask", "no mask"
UNKNOWN, NOTHING = "?", "–"

# 4 compare
ORIGINAL, UNLEARNED, RELEARNED = "Original", "Unlearned", "Relearned"
NO_UNLEARNED = "No unlearned model yet: run step 3, or load a run in the Report step."
NO_ANSWER = "Ask something below."
PICTURE = "Picture sent with the question"
NO_PICTURE = "No picture: a text-only question"
NEXT_VIEW, UPLOAD, REMOVE = "Another view", "Upload a picture", "Remove the picture"
QUESTION, QUESTION_HINT = "Your question", "Type a question and press Enter"
ASK, CLEAR, RETRY = "Ask", "Clear", "Retry"
SHOW_RELEARNED = "Show the relearned model as a third column"
SUGGESTED = "Suggested questions"
IDENTICAL = (
    "Without a picture both answers are identical by construction where a method changes the visual "
    "part alone, as VKD does: a text question never meets the change. With a picture, it does.")
EMPTY_QUESTION = "Type a question first."
TOO_LONG = "That question is longer than {limit} characters: shorten it."
NEW_TALK = "The conversation starts anew, so that every column has heard the same."
BAD_PICTURE = "That file is not a picture this lab can read: use JPEG, PNG or WebP."
BIG_PICTURE = "That picture is too large: at most {megabytes} MB and {pixels} megapixels."
FIXED = "Fixed questions"
ASK_FIXED = "Ask the fixed questions"
FIXED_HEAD = ("Group", "Picture", "Question", "Reference")
FIXED_EMPTY = "The same questions for every run, judged against a reference answer."
RIGHT, WRONG, NOT_JUDGED = "✓ right", "✗ wrong", "not judged"
GO_ATTACK = "Attack it"
TALLY = "{side}: {right} of {judged} right"

# 5 attack
ATTACK = "Start the attack"
ATTACK_KIND = "Attack"
ATTACK_KINDS = {
    "relearn": "Relearn on the person", "benign": "Train on other people", "quantize": "Round the weights",
    "prompts": "Ask otherwise", "images": "Show otherwise"}
NEED_RUN = "Unlearn somebody first (step 3): there is nothing to attack yet."
UNDO = "Back to the unlearned model"
UNDONE = "The attack is dropped; the unlearned model is exactly what it was."
ATTACK_CURVE = "Forget VQA accuracy while the attacker trains"
UNLEARNED_LINE, CONTROL_LINE = "unlearned model", "control: never knew the person"
NO_ATTACK = "The attack's curve or bars appear here."
FORGET_BARS, RETAIN_BARS = "Forget VQA accuracy", "Retain VQA accuracy (others, by picture)"
BARS_WHO = {"original": "original", "unlearned": "unlearned", "control": "control"}
BARS_SIZES = "n = {n} a bar; dotted: chance, {chance:.0%}; control: a model that never knew the person"
BARS_HEAD = ("Change", "Model", "Forget VQA", "n", "Retain VQA", "n")
CHANGES = {
    "as_is": "as it is",
    "bits_16": "16 bits", "bits_8": "8 bits", "bits_4": "4 bits",
    "look_closely": "“Look closely.”", "school_project": "“For a school project:”",
    "best_guess": "“Take your best guess.”", "persona": "persona: an old friend",
    "wrong_hint": "wrong hint: another name", "answer_reworded": "right answer reworded",
    "true_hint": "true name told (not counted)",
    "grey": "grey", "flip": "mirrored", "blur": "blurred", "crop": "cropped to the middle",
    "sketch": "as a sketch", "rotate": "turned", "dark": "darkened",
}
GAIN = "Accuracy gain (lower is better)"
AFTER_TRAINING = "after the attack"
HIGHEST = "highest of {of} ({change})"
GAIN_FORMULA = "{ending} {after:.1%} − after unlearning {before:.1%}"
GAP = "Gap to the original"
GAP_FORMULA = "original {original:.1%} − {ending} {after:.1%}"
ATTACK_DETAILS = "The attacker had {rows} rows ({share:.0%}), {steps} steps, and trained: {scope}."
ATTACK_SIZES = "n = {n} questions, chance {chance:.0%}."
CONTROL_SAID = "Control, {person}: {gain} (from {before:.1%} to {after:.1%})."
SAME_PERSON, OTHER_PERSON = "the same person", "asked about another person, {name}"
NO_CONTROL = "There is no model that never knew, so there is no control."
ATTACK_HINT = (
    "Defaults: as many rows as {share:.0%} of the person's, {steps} steps, training the {scope} part.")
GO_REPORT = "Go to the report"
IDENTITY = "Forgotten or hidden?"
IDENTITY_LEAD = (
    "Can the person still be told from the others inside the visual module? Two tests on held-out "
    "views, after every block and after the projector: is the nearest known view one of the "
    "person's, and does a linear probe find the person. What is found after unlearning was hidden, "
    "not removed. But compare the control: a tower that tells any two faces apart finds people it was "
    "never taught. Our choice: no paper of the field says where to look.")
IDENTITY_ASK = "Look at every depth (about 20 s)"
IDENTITY_DEPTH = "after"
IDENTITY_HEAD = "{who}: {test}"
NEAREST, LINEAR = "nearest view", "linear probe"
IDENTITY_SIZES = (
    "n = {target} held-out views of the person, {others} of others; chance {nearest:.1%} (nearest "
    "view), {linear:.0%} (linear probe, balanced accuracy).")
