"""English: step 6, the finished runs and the files, and the report that is downloaded."""

# the finished runs
RUNS = "Compare runs"
RUNS_LEAD = (
    "All runs answered the same questions. AG is of the last relearning attack (lower is better)."
)
RUNS_SHOW = "Show all finished runs"
NO_RUNS = "No run has finished yet."
RUN_NOTE = "{kind} (person {entity}, run {id}): {note}."
RUNS_HEAD = ("entity", "method", "seed", "steps", "trainable", "AG", "time", "peak memory")
RUNS_SIZES = (
    "Questions per run (n): {sizes}. Chance is {chance:.0%} for multiple choice and 0 % for a name"
    " said exactly."
)
RUNS_GUESSES = "Chance of “still sees”, by always giving the most common answers: {guesses}."
RUNS_PICK = "Compare the answers of several runs to the same questions"
RUNS_PICK_INFO = "Choose up to three runs about the same person."
RUNS_ASK = "Ask all of them"
RUNS_NONE_PICKED = "Choose one to three runs first."
RUNS_MIXED = "These runs are about different people. Choose runs about one person."
RUN_NAME = "{entity} · {method} · seed {seed} · {steps} steps · {id}"
NEVER_KNEW = "never knew"
SHORT_SCORES = {
    "forget_vqa": "forget VQA",
    "forget_name": "name",
    "names_other": "names somebody else",
    "says_unknown": "does not know",
    "still_sees": "still sees",
    "forget_qa": "forget QA",
    "retain_vqa": "retain VQA",
    "retain_qa": "retain QA",
    "celebrity_vqa": "celebrity VQA",
    "celebrity_qa": "celebrity QA",
    "general_qa": "general",
    "pictures_vqa": "pictures",
    "real_faces_vqa": "real faces",
    "real_world_vqa": "real world",
    "forget_vqa_rouge": "forget VQA ROUGE-L",
    "forget_qa_rouge": "forget QA ROUGE-L",
    "retain_vqa_rouge": "retain VQA ROUGE-L",
    "retain_qa_rouge": "retain QA ROUGE-L",
    "celebrity_vqa_rouge": "celebrity VQA ROUGE-L",
    "celebrity_qa_rouge": "celebrity QA ROUGE-L",
    "forget_vqa_cloze": "forget VQA cloze",
    "forget_qa_cloze": "forget QA cloze",
    "retain_vqa_cloze": "retain VQA cloze",
    "retain_qa_cloze": "retain QA cloze",
    "celebrity_vqa_cloze": "celebrity VQA cloze",
    "celebrity_qa_cloze": "celebrity QA cloze",
}
FORGET_AXIS, RETAIN_AXIS = (
    "Forget VQA after (lower is better)",
    "Retain VQA after (higher is better)",
)

# the files
PREPARE = "Prepare the files"
FILE_NOTES = {
    "run.zip": "all files, with the changed weights and all events of the run",
    "recipe.yaml": "every setting, so that the run can be repeated",
    "metrics.json": "scores before and after, n and chance",
    "curves.csv": "losses and accuracies at each step",
    "items.csv": "every question with both answers",
    "report.html": "everything on one page",
}
FILE_LABEL = "{name}: {note}"
NO_RUN = "There is no run to download yet. Unlearn a person first (step 3)."
READY_FILES = "The files are ready below."
LOAD, LOAD_WHAT = "Load a run", "What can be loaded"
LOAD_INFO = (
    "A run is a zip file, or its three files recipe.yaml, metrics.json and delta.safetensors."
)
LOADED = "Loaded: {name}. Continue in step 4."
NOT_A_RUN = (
    "This is not a run of this lab. A run needs recipe.yaml, metrics.json and delta.safetensors."
)
BAD_ZIP = (
    "This zip file is not a run of this lab, or it cannot be read. Pack the files of one run "
    "again, at most {most} of them, in the usual way (stored or deflated)."
)
TWICE = "There are two files named {name}. Load one run at a time."
BIG_FILE = (
    "{name} is larger than its limit of {megabytes:g} MB. Load the files exactly as the lab wrote "
    "them."
)
BIG_RUN = "The files are larger than {megabytes} MB in total, so they were not loaded."
UPLOAD_GONE = "The files you sent are no longer here. Send them again."
UPLOADS_FULL = "The lab is holding too many uploads at the moment. Try again in a minute."
NOT_STAGED = (
    "The files could not be prepared ({reason}). Free some space on the lab's disk or try again."
)
NOT_LOADED = "The run could not be read ({reason}). Free some space on the lab's disk or try again."

# the report that is downloaded
REPORT_TITLE = "Unlearning {name}"
REPORT_UNSCORED = "This run was stopped before it was scored."
REPORT_SCORES, REPORT_MODE = "Scores", "mode {mode}"
REPORT_SCORES_HEAD = ("question set", "original", "unlearned", "chance", "n")
REPORT_FACTS = {
    "steps": "Steps",
    "stopped_because": "Why the run ended",
    "changes": "Parts that the run changed",
    "context": "In front of every question stands",
    "text_logits_identical": "Text-only logits are identical for the same prompt",
    "text_answers_changed": "Share of text-only answers that changed",
    "base_unchanged": "The shared original model is unchanged",
    "pruned_neurons": "Pruned neurons",
    "mask_density": "Share of the weights in the mask",
    "seconds": "Time",
    "peak_memory_mb": "Peak memory",
    "device": "Device",
    "quantization": "Quantisation",
}
REPORT_LEFT_OUT = "Left out of the benchmark"
REPORT_LEFT_OUT_LEAD = "Rows left out: {count} ({files}). People lost by that: {people}."
REPORT_LEFT_OUT_SPLIT = "The split {split} lost these members: {members}."
REPORT_LEFT_OUT_ROW = "{file}, row {row}{person}: {column}: {reason}"
REPORT_LEFT_OUT_FILE = "{file}{person}: {column}: {reason}"
REPORT_LEFT_OUT_PERSON = " ({person})"
REPORT_LEFT_OUT_MORE = "… and {count} more"
REPORT_NOBODY = "nobody"
REPORT_FACT = "{name}: {value}"
REPORT_YES, REPORT_NO = "yes", "no"
REPORT_PARTS = {
    "vision": "visual module",
    "language": "language model",
    "context": "words in front of every question",
}
REPORT_STAGE = "{stage} {time}"
REPORT_STAGES = {
    "importance": "importance of neurons",
    "fisher": "Fisher saliency",
    "train": "training",
    "evaluate": "scoring",
    "total": "in total",
}
REPORT_ANSWERS = "Answers side by side"
REPORT_ANSWERS_LEAD = "Where the models differ first. The file items.csv has every question."
REPORT_ANSWERS_HEAD = ("what is asked for", "question", "reference", "original", "unlearned")
REPORT_NOT_KEPT = "(not kept)"
REPORT_ATTACKS = "Attacks"
REPORT_HIGHEST = "highest of {of}: {highest}"
REPORT_BUDGET = "scope {scope}, {rows} rows ({share} %), {steps} steps"
REPORT_GAPS = (
    "{how}: gain = {after} - {before} = {gain}; vanilla gap = {vanilla} - {after} = {gap}; n = "
    "{n}, chance {chance}{control}"
)
REPORT_CONTROL = "; control “{who}” ({name}): gain {gain}"
REPORT_BARS_HEAD = ("change", "model", "Forget VQA", "n", "chance", "Retain VQA")
REPORT_RETAIN, REPORT_NOT_ASKED = "{share} % (n = {n})", "not asked"
REPORT_NEURONS = "Neuron importance (ratio as a power of ten)"
REPORT_FISHER, REPORT_DENSITY = "Fisher ratio by weight group", "Mask density"
REPORT_LOSSES, REPORT_PROBES = "Losses", "Probed accuracy"
REPORT_CURVE = "Forget VQA during the attack: {kind}"
REPORT_RECIPE, REPORT_AGAIN = "Recipe", "Command to repeat this run:"

# the runs of this browser
MINE = "Your runs and the examples"
MINE_OPEN = "Open it"
MINE_NONE = "Choose one of your runs first."
MINE_OPENED = "Opened: {name}."
MINE_RUN = "{name}: {kind}, {method}, seed {seed} ({state})"
MINE_EXAMPLE = "Example: {name}"
STATES = {
    "waiting": "waiting",
    "running": "running",
    "finished": "finished",
    "stopped": "stopped",
    "failed": "failed",
}
