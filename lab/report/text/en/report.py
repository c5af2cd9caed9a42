"""English: step 6, the finished runs, the open questions and the files."""

# 6 report
RUNS = "Compare runs"
RUNS_LEAD = (
    "Every finished run of this lab, by whomever: the same questions by the same judge. AG is the "
    "accuracy gain of the last relearning attack on the run (lower is better).")
RUNS_SHOW = "Show all finished runs"
NO_RUNS = "No run has finished yet."
RUN_NOTE = "{kind} of {entity}, run {id}: {note}."
RUNS_HEAD = ("entity", "method", "seed", "steps", "trainable", "AG", "time", "peak memory")
RUNS_SIZES = "n a run: {sizes}. Chance of multiple choice {chance:.0%}; a name said exactly 0 %."
RUNS_PICK = "The same questions answered by each"
RUNS_PICK_INFO = "Up to three runs of one person."
RUNS_ASK = "Ask them all"
RUNS_NONE_PICKED = "Choose one to three runs first."
RUNS_MIXED = "Those runs are about different people: choose runs of one person."
RUN_NAME = "{entity} · {method} · seed {seed} · {steps} steps · {id}"
NEVER_KNEW = "never knew"
SHORT_SCORES = {
    "forget_vqa": "forget VQA", "forget_name": "name", "forget_qa": "forget QA",
    "retain_vqa": "retain VQA", "retain_qa": "retain QA", "general_qa": "general",
    "pictures_vqa": "pictures"}
FORGET_AXIS, RETAIN_AXIS = "Forget VQA after (lower is better)", "Retain VQA after (higher is better)"
STUDIES = "Open questions"
STUDIES_LEAD = (
    "What the paper leaves open about VKD, answered by runs on the embedded model. The answers below were "
    "measured before, on the machine named; VKD cannot change text-only answers, so its tables leave them out.")
STUDIES_PICK = "Question"
METHODS_QUESTION = "Which method forgets best, and at what cost?"
METHODS_NOTE = (
    "Every method was tuned by six trials on the same four people, then frozen and run on others; the best "
    "trial is the one with the highest harmonic mean of what was forgotten and what was kept. AG: Forget VQA "
    "after relearning minus before it, by the same attacker for all, also after half of its steps; lower is "
    "better. Vanilla gap: the original's Forget VQA minus that after relearning; higher is better. Protocol "
    "and settings are our choice; silence is ours, not a paper's.")
METHODS_FACTS = (
    "Tuned on {tuning_people}; run on {test_people}. Seeds: {seeds}; {failed} runs failed. Attack: "
    "{attack}, at the first seed. ± is half of the 95 % t interval over people, three or more. "
    "{n} questions a run for forget VQA (chance {chance:.0%}). {model}, {quantization}, {device}.")
METHODS_WAITING = "Not in this table yet: {methods}."
METHODS_GAINS = {"gain_half": "AG at half", "gain": "AG", "vanilla_gap": "vanilla gap"}
METHODS_TRAINED = "weights trained"
METHODS_HEAD = ("method", "processor time", "memory", "runs")
GRID_QUESTION = "How much must an attacker have to bring the person back?"
GRID_NOTE = (
    "Relearning by what the attacker may train and by the share of the person's pictures and questions they have. "
    "Solid: the unlearned model. Dashed: a model that never knew its person, under the same budget. What "
    "lies above the dashed line speaks for something left; the rest is learned anew.")
GRID_AVERAGE = (
    "Average AG over all cells: {gain:.1f} points (accuracy after relearning minus after unlearning; lower is "
    "better). Recovery over the control: {recovery:.1f} points. The paper's headline is an average AG of 1.3 %: "
    "another model, another benchmark and a budget that could not be read, so the two cannot be set side by side.")
GRID_FACTS = (
    "People {people}, each alone; method {method}; {steps} steps, learning rate {lr:g}, batch {batch}; {n} questions a "
    "person (chance {chance:.0%}); failed cells: {failed}. ± is half of the 95 % t interval over people. Controls never "
    "knew {controls}; their own error stands in no ±. Shares and budget are our choice. {model}, {quantization}.")
GRID_SCOPES = {"vision": "visual module", "language": "language LoRA", "both": "both"}
GRID_OURS, GRID_CONTROL = "{scope}", "{scope}, never knew"
GRID_SHARE, GRID_AFTER = "share of the person's rows", "Forget VQA after relearning"
GRID_HEAD = ("attacker trains", "share (rows)", "after", "AG", "vanilla gap", "control after", "recovery", "people")
STUDY_MISSING = "No answer is kept here yet. The command below makes it; the page reads it from {path}."
STUDY_COMMAND = "Made by: {command}"
STUDY_FACTS = (
    "Runs a row: {runs}; failed in all: {failed}; seeds: {seeds}. People {people}, chosen {choice}. "
    "± is half of the 95 % t interval over people and seeds; fewer than three runs have none. "
    "{model}, {quantization}, {device}.")
STUDY_ASKED = "{n} questions a row for {measure} (chance {chance:.0%})"
STUDY_CONTROL = "{n} for the control"
STUDY_SERIES = {
    "after_forget_vqa": "forget VQA", "after_retain_vqa": "retain VQA", "after_pictures_vqa": "pictures",
    "after_forget_name": "name"}
STUDY_REDRAWN = {
    "before_forget_vqa": "original", "after_forget_vqa": "unlearned",
    "control_forget_vqa": "control: never knew its people"}
STUDY_HEAD = ("variant", "steps", "mask", "time", "runs")
STUDY_SHARE = "share right"
STUDY_BLOCKS = "vision blocks pruned and trained"
STUDY_FORGET, STUDY_RETAIN = "forget VQA (lower is better)", "retain VQA (higher is better)"
STUDY_SENSIBLE = "sensible"
STUDY_D_I, STUDY_D_F = "d_I", "d_F"
PREPARE = "Prepare the files"
FILE_NOTES = {
    "run.zip": "all files, with the changed weights and everything the run said",
    "recipe.yaml": "every setting, to run it again",
    "metrics.json": "before, after, n and chance",
    "curves.csv": "losses and accuracies by step",
    "items.csv": "every question with both answers",
    "report.html": "all of it on one page",
}
NO_RUN = "There is no run yet to download: unlearn somebody first (step 3)."
READY_FILES = "The files are ready below."
LOAD = "Load a run"
LOAD_INFO = "A zip, or the files recipe.yaml, metrics.json and delta.safetensors"
LOADED = "Loaded: {name}. Go on in step 4."
NOT_A_RUN = "That is no run of this lab: it needs recipe.yaml, metrics.json and delta.safetensors."
BAD_ZIP = (
    "That zip is no run of this lab, or cannot be read: pack the files of one run anew, at most {most} "
    "of them, the usual way (stored or deflated).")
TWICE = "There are two files named {name}: load one run at a time."
BIG_FILE = "{name} is larger than the {megabytes:g} MB that it may have: load the files as the lab made them."
UPLOAD_GONE = "The files you sent are no longer here: send them again."
NOT_STAGED = "The files could not be made ready ({reason}): free some space on the lab's disk or try again."
NOT_LOADED = "The run could not be read ({reason}): free some space on the lab's disk or try again."
NO_SERVED = "cannot write {folder} ({reason}): set LAB_CACHE to a folder you can write to"
UPLOADS_FULL = "The lab holds too many uploads just now: try again in a minute."
BIG_RUN = "Those files are larger than {megabytes} MB together: not loaded."
FILE_LABEL = "{name}: {note}"
PROBE_PICTURE = "The picture this question is about"
UNKNOWN_PERSON = "The link names a person this lab does not know: {person}. Pick one below."
