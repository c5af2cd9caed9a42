"""English: the header, the names of the steps, the line about a run, and the door."""

TITLE = "MLLM Unlearning Lab"

# What stands in a number: NUMBERS is what every string's format goes by. SHARE: how shares are written.
NUMBERS = {"decimal": ".", "thousands": ",", "percent": "%"}
SHARE, WHOLE_SHARE = "{share:.1%}", "{share:.0%}"
NUMBER, MEAN, GRADE = "{number:g}", "{mean:.1f}", "{grade:.2f}"
WITHIN = "\u00a0±\u00a0{points:.1f}"  # never broken
LANGUAGE, LANGUAGES = "Language", {"en": "English", "de": "Deutsch"}

# header
MODEL, QUANTIZATION, DEVICE, MEMORY, WORKER = (
    "Model",
    "Quantisation",
    "Device",
    "Memory",
    "Worker",
)
MEMORY_VALUE = "{used:.1f} of {total:.1f} GB"
QUEUE_SUFFIX = "{worker}, {waiting} waiting"
WORKERS = {"idle": "idle", "busy": "busy", "starting": "starting", "failed": "failed"}
LOADING = "The lab is getting ready: {phase}. You can already choose a person."
LOADING_WORKER = "getting ready"
ENGINE_ERROR = "The model could not be loaded: {error}"
CHANGE_FAILED = "The change failed and the model before it stays: {error}"
CHANGING = "The room's model is being changed to {model} with {benchmark}. New runs wait for it."
LEFT_OUT = "Rows of the benchmark that were left out: {count} ({files}). First: {first}"
LOST_PEOPLE = "People who are lost by that: {count} ({people})."
LOST_MEMBERS = (
    "The split {split} lost these members: {members}. It cannot be unlearned unless the lab is "
    "started with --allow-partial."
)
STOP, RESET, DOWNLOAD, COPY_LINK = "Stop", "Reset to original", "Download", "Copy link"
LINK_COPIED = "The link to this recipe is now in the clipboard."
LINK_MANUAL = "Copy this link: "
HELLO = "Start with step 1: choose a person."
HELLO_EXAMPLE = "Everything here was recorded from one run. Choose a person and run it yourself."
NO_PERSON = "Choose a person"
RUN_IT = "Run it yourself"
MORE_PANEL = "Model, downloads, link, language and theme"
TAB_DONE = "(has a result)"
THEME, THEMES = "Theme", {"auto": "as the system", "light": "light", "dark": "dark"}
CHIP_EXAMPLE, CHIP_NOTHING = "Example, recorded", "No run yet"
CHIPS = {
    "inspect": {
        "waiting": "Waiting to look inside",
        "running": "Looking inside",
        "finished": "Looked inside",
        "stopped": "Look stopped",
        "failed": "Look failed",
    },
    "unlearn": {
        "waiting": "Waiting to forget",
        "running": "Forgetting",
        "finished": "Forgotten",
        "stopped": "Stopped early",
        "failed": "Run failed",
    },
    "attack": {
        "waiting": "Attack waiting",
        "running": "Under attack",
        "finished": "Attacked",
        "stopped": "Attack stopped",
        "failed": "Attack failed",
    },
}
CHIPS["change"] = {
    "waiting": "Waiting to load",
    "running": "Loading",
    "finished": "Loaded",
    "stopped": "Not loaded",
    "failed": "Not loaded",
}
CHIP_LOOKS = "Asking the models"
LOOKS = {
    "probes": "The fixed questions are being asked.",
    "identity": "Every depth is being tested.",
    "neuron": "Pictures are being tried on a neuron.",
    "left": "The unlearned model is being measured.",
    "where": "Every depth is being patched.",
}
LOOKS_GO_ON = "No run can be stopped. This ends by itself: {looks}"
ABOUT_OTHER = "{name}: {line}"
MORE_WAIT = "{count} more of yours in the queue."
NOTHING_RUNS = "Nothing is running."
STOPPING = "Stopping after the current step: {which}. What was learned so far is kept."
RUN_OF = "{kind} ({name})"
RESET_DONE = (
    "You are back at the original model. Your earlier runs are not changed: open them in step 6."
)
LINK_WRONG = "One setting of the link is not used: {why}."
LINK_OTHER = (
    "This link is about {model} with {benchmark}, and this lab has {loaded} with "
    "{loaded_benchmark} loaded: another model may give other results."
)
LINK_UNKNOWN = "The link names something that is no setting of this lab: {key}."

# steps
STEPS = ("1 Meet", "2 Inside", "3 Forget", "4 Ask", "5 Attack", "6 Results")
# a run at one glance
GLANCE_GLOW = "Portrait of {name}, brighter where the neurons that are switched off fire."
GLANCE_OFF = "{off:,} of {total:,} neurons off"
GLANCE_PAIRS = {"forget_vqa": "this face", "retain_vqa": "other faces", "retain_qa": "in text"}
GLANCE_N, GLANCE_CHANCE = "n {n}", "{sizes}, chance {chance:.0%}"
GLANCE_ASKED = "Who is this?"
GLANCE_BEFORE, GLANCE_AFTER = "Before:", "After:"
GLANCE_ATTACK = "Attack: {before} → {after}."
GLANCE_CONTROL = {
    "never_knew": "Never knew: {before} → {after}.",
    "text_only": "Text only: {before} → {after}.",
}
GLANCE_EMPTY = "Not forgotten yet. Press “Run it yourself”: it takes a minute or two if nobody waits before you."

# the line about a run
RUN_KINDS = {
    "inspect": "Looking inside",
    "unlearn": "Unlearning",
    "attack": "The attack",
    "change": "Loading another model",
}
FOREIGN_RUN = "This run belongs to another model: {other}."
FOREIGN_OPEN = "This run belongs to another model ({other}). Load that one first, in the menu “…”."
FOREIGN_NAME = "{name} ({other})"
NAMED_ATTACK = "The attack “{attack}”"
WAITING = "{name} is waiting for its turn."
WAITING_AT = "{name} is waiting at place {place} in the queue."
RUNNING = "{name} is running."
RUNNING_AT = "{name} is running: {progress}"
FINISHED = "{name} finished{time}{reason}."
FINISHED_TIME, FINISHED_REASON = " in {duration}", ": {reason}"
REASONS = {
    "done": "everything was measured",
    "steps done": "all {steps} steps are done",
    "forget accuracy reached": "the forget accuracy was low enough after {step} of {steps} steps",
    "retain drop reached": "the retain accuracy had fallen too far after {step} of {steps} steps",
    "pruned: this method trains nothing": "the neurons are pruned, and this method trains nothing",
    "put in front: this method trains nothing": (
        "its words stand in front of every question, and this method trains nothing"
    ),
}
STOPPED = "{name} was stopped{time}{place}."
STOPPED_TIME, STOPPED_PLACE = " after {duration}", ", at step {step} of {steps}"
FAILED, FAILED_BECAUSE = "{name} failed.", "{name} failed: {error}"
STEP_OF = "step {step} of at most {steps}"
PACE = "{pace:.2f} s per step"
ESTIMATING = "estimating the time left"
TIME_LEFT = "about {left} left in all"
TRAINING_LEFT = "at most {left} of training left, then the scoring"
PHASES = {
    "importance": "measuring the importance of neurons",
    "fisher": "measuring the Fisher information",
    "look ahead": "looking ahead at what relearning would raise",
    "teacher": "storing the teacher's features",
    "context": "preparing what stands in front of the questions",
    "evaluate": "asking the questions",
    "attack unlearned": "attacking the unlearned model",
    "attack original": "attacking the original model",
    "attack never_knew": "attacking the control “Never knew”",
    "attack text_only": "attacking the control “Text only”",
    "kept never_knew": "reading the curve of “Never knew”, kept from an earlier attack",
    "kept text_only": "reading the curve of “Text only”, kept from an earlier attack",
    "shipped never_knew": "reading the curve of “Never knew”, which comes with the lab",
    "shipped text_only": "reading the curve of “Text only”, which comes with the lab",
    "again": "starting again, because the process that did it has ended",
}
PHASE_OF = "{name}, {done} of {total}"
SECONDS, MINUTES = "{seconds:.0f} s", "{minutes:.0f} min {seconds:.0f} s"
GONE = "This run is no longer in memory. Start it again, or load its files in step 6."

# the door
STRANGE_HOST = (
    "This lab does not answer to the name {host}. Start it with --allow-host {host}, or open the "
    "address that it printed at the start."
)
STRANGE_ORIGIN = (
    "Another web site may not send this. Open the lab itself, or start it with --allow-host NAME."
)
NO_ARGUMENTS = "none"
API_ARGUMENTS = "Wrong arguments for {name}. It takes exactly these: {wanted}"
API_WORD = "{name} must be a text, not {kind}."
API_SETTINGS = "The settings must be an object of recipe keys and values, not {kind}."
API_START = "start must be a number of an event: 0, or what next said before."
API_NOBODY = (
    "unknown entity {entity}: give an id that the endpoint entities lists, or an empty text."
)
API_ENTITY = "Leave entity out of the settings: it is the first argument."
BODY_LENGTH = "The request must say how long it is: send a Content-Length."
BODY_LARGE = "The request is larger than {megabytes} MB in total. Send less at once."

# a recorded example
EXAMPLE_NOTE = "example of {name}: {method}, seed {seed}, {steps} steps, {date}, {machine}"
EXAMPLE_OF = "Example of {name}"
