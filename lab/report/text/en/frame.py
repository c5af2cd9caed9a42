"""English: the header, the steps' names and how far a run is."""

TITLE = "MLLM Unlearning Lab"
SUBTITLE = "Make a vision-language model forget one person, and see what is left."
LANGUAGE = "en"

# header
MODEL, QUANTIZATION, DEVICE, MEMORY, WORKER = (
    "Model", "Quantisation", "Device", "Memory", "Worker")
MEMORY_VALUE = "{used:.1f} of {total:.1f} GB"
QUEUE_SUFFIX = "{worker}, {waiting} waiting"
LOADING = "Getting ready: {phase}. You can pick a person meanwhile."
LOADING_WORKER = "getting ready"
ENGINE_ERROR = "The model could not be made ready: {error}"
STOP, RESET, DOWNLOAD, COPY_LINK = "Stop", "Reset to original", "Download", "Copy link"
CHANGE_QUANTIZATION = "Change the quantisation"
QUANTIZATION_INFO = "Of the language model only; runs under way must have ended."
RELOAD = "Load again"
RELOADING = "Loading the model again with {name}; the header says when it is ready."
LINK_COPIED = "The link to this recipe is in the clipboard."
LINK_MANUAL = "Copy this link: "
HELLO = "Start with step 1: pick a person."
NOTHING_RUNS = "Nothing is running."
STOPPING = "Stopping after the current step; what was learnt so far is kept."
STOPPING_MANY = "Stopping all {count} runs that you started; what was learnt so far is kept."
RESET_DONE = "Back to the original model. Earlier runs are untouched and can be loaded again."

# steps
STEPS = ("Pick", "Look inside", "Unlearn", "Compare", "Attack", "Report")
HEADINGS = (
    "Pick the person the model shall forget.",
    "See which visual neurons and weights carry this person more than everybody else.",
    "Make the model forget this person. Visual Knowledge Distillation (vkd) prunes those neurons and "
    "tunes the masked weights, while everybody else's visual features are held in place.",
    "Ask the original and the unlearned model the same question about the same picture.",
    "An attacker tries to bring the person back: by training, by rounding the weights, by asking or "
    "showing otherwise. How much returns?",
    "Take everything with you, or load an earlier run and go on.",
)

# run states: three different ends
KIND_OF_ATTACK = "{kind} ({attack})"
STATES = {
    "waiting": "Waiting", "running": "Running", "finished": "Finished",
    "stopped": "Stopped", "failed": "Failed",
}
KINDS = {"inspect": "Look inside", "unlearn": "Unlearning", "attack": "Attack"}
QUEUE_PLACE = "place {place} in the queue"
STEP_OF = "step {step} of {steps}"
PACE = "{pace:.2f} s a step"
ESTIMATING = "time left: estimating…"
TIME_LEFT = "about {left} left"
TOOK = "took {took}"
PHASE_OF = "{name}: {done} of {total}"
SECONDS, MINUTES = "{:.0f} s", "{:.0f} min {:.0f} s"
BECAUSE = "ended because: {reason}"
GONE = "That run is no longer in memory. Start it again, or load its files in the Report step."

# the door
STRANGE_HOST = "This lab is not known as {host}: start it with --allow-host {host}, or open it as it was printed."
STRANGE_ORIGIN = "Another site may not send this: open the lab itself, or start it with --allow-host NAME."
NO_ARGUMENTS = "none"
API_ARGUMENTS = "wrong arguments for {name}: give just these: {wanted}"
API_WORD = "{name}: give a text, not {kind}"
API_SETTINGS = "settings: give an object of recipe keys and values, not {kind}"
API_ENTITY = "settings: leave out entity, it is the first argument"
BODY_LENGTH = "What is sent must say how long it is: give a Content-Length."
BODY_LARGE = "That is larger than {megabytes} MB together: send less at once."
