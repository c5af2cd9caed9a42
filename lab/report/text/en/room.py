"""What several people who use one lab read: turns, and whose a run is."""

WAITING_UNTIL = "{name} is waiting at place {place} in the queue. It begins in about {begins}."
WAITING_SOON = "{name} is waiting at place {place} in the queue. It begins in a moment."

# what can be done with a run that waits, and with a run of one's own
TURN_EARLIER, TURN_LATER, TURN_CANCEL = "Earlier", "Later", "Take it out"
TURN_EDIT = "Give it the settings of step {step}"
TURN_INFO = (
    "This run waits. You can move it among your own runs, take it out, or change its settings. "
    "Everybody takes turns, one run each."
)
TURN_NONE = "Choose one of your runs that waits."
TURN_MOVED = "{name} is at place {place} now."
TURN_EDITED = "{name} has the settings of step {step} now. Its place is the same."
SHARE_RUN = "Share this run with the room"
SHARE_RUN_INFO = (
    "Everybody in the room may then look at it and chat with it. Nobody else can change it."
)
RUN_SHARED = "{name} is shared with the room."
RUN_UNSHARED = "{name} is yours alone again."
MINE_SHARED = "Shared: {name}"

API_SWITCH = "{name} must be true or false, not {kind}."
