"""English: the entry of a room, its teacher's page, and what visitors hear from the teacher."""

# the entry
ROOM_ENTRY_TITLE = "Enter the room – MLLM Unlearning Lab"
ROOM_LEAD = (
    "This lab makes a model forget what one person looks like. Enter the room with the code that "
    "your teacher gives you."
)
ROOM_CODE, ROOM_CODE_HINT = "Room code", "Six letters. Small or capital makes no difference."
ROOM_PASSWORD, ROOM_PASSWORD_HINT = "Password", "One password for everybody in this lab."
ROOM_NICKNAME = "Nickname"
ROOM_NICKNAME_HINT = "Your teacher sees it. It does not have to be your real name."
ROOM_ENTER = "Enter"
ROOM_KEPT = (
    "You need no account and no e-mail address. Nicknames, runs, added people and messages are "
    "deleted after {days:g} days."
)
ROOM_KEPT_ALWAYS = "You need no account and no e-mail address. What you make here is kept until somebody deletes it."
ROOM_CLOSED = "Enter the room first: open the lab in a browser, and give the code and a nickname."

# what a visitor hears
ROOM_FROM_TEACHER = "Your teacher says: {words}"
ROOM_LOOK_HERE = "Your teacher brings everybody here: {step}."
ROOM_PAUSED = "Your teacher has paused the queue. Runs that wait begin when it goes on."
ROOM_DISMISS, ROOM_TIME_LEFT, ROOM_TIME_UP = "Close", "Time left: {left}", "The time is up."

# the teacher's page
ROOM_TEACHERS, ROOM_TEACHER, ROOM_SOMEBODY = "The teacher's page", "the teacher", "somebody"
ROOM_KEY = "Teacher's key"
ROOM_KEY_LEAD = (
    "Open the teacher's link that the lab printed when it started, or type the key that stands "
    "behind the # in it."
)
ROOM_KEPT_TEACHER = "What visitors leave is deleted after {days:g} days."
ROOM_BY_PASSWORD = "by password"
ROOM_TO_LAB = "Open the lab itself"
ROOM_PEOPLE, ROOM_QUEUE = "Who is where", "The queue"
ROOM_PEOPLE_HEAD = ("Nickname", "Step", "Now", "Run")
ROOM_QUEUE_HEAD = ("Place", "Run", "What to do")
ROOM_NOBODY = "Nobody has entered yet."
ROOM_DOING = {
    "away": "away",
    "nothing": "no run yet",
    "waiting": "waits for a turn",
    "running": "a run is under way",
    "ended": "the run has ended",
}
ROOM_STUCK = "{doing}, no progress for {minutes:.0f} minutes"
ROOM_STUCK_AFTER, ROOM_MINUTES = "Mark as stuck after", "{minutes} minutes without progress"
ROOM_RUN = "{nickname}: {kind}, {person}, {method}"
ROOM_QUEUE_EMPTY = "No run waits."
ROOM_PAUSE, ROOM_GO_ON = "Pause the queue", "Let the queue go on"
ROOM_PAUSED_NOW = "The queue is paused. What runs now runs on, and nothing else begins."
ROOM_FIRST, ROOM_LAST, ROOM_CANCEL = "First", "Last", "Cancel"
ROOM_PREDICTED = "What the room predicts"
ROOM_PREDICTED_HEAD = ("Question", "Answers", "Number")
ROOM_PREDICTED_NONE = "Nobody has predicted anything yet. Only the numbers are seen here."

ROOM_SHOW = "Show everybody"
ROOM_SHOWN_NOTHING = "The pages show nothing from you now."
ROOM_LOOK_NOW = "Everybody was brought to {step}."
ROOM_SAID_NOW = "Message: {words}"
ROOM_TIMER_NOW = "The timer still runs for {left}."
ROOM_STEP, ROOM_WITH_RUN, ROOM_NO_RUN = "Step", "With this run", "no run"
ROOM_BRING, ROOM_LET_GO = "Everyone look here", "Let go"
ROOM_BRING_NOTE = (
    "The run is shared with the room by that. Everybody can go on from there as they like."
)
ROOM_MESSAGE, ROOM_SAY, ROOM_TAKE_BACK = "Message to the room", "Send", "Take back"
ROOM_TIMER, ROOM_START_TIMER, ROOM_NO_TIMER = "Timer in minutes", "Start", "Take away"

ROOM_SETTINGS = "Settings of the room"
ROOM_LOCK, ROOM_GIVE = "lock", "preset"
ROOM_HOW, ROOM_OTHER, ROOM_VALUE, ROOM_SET = "How", "Another setting", "Value", "Set"
ROOM_SET_NOTE = (
    "A locked setting has this one value for everybody, and other runs are refused. A preset is "
    "filled in on every page, and can be changed there."
)
ROOM_LOCKED, ROOM_PRESET, ROOM_FREE = (
    "{label}: locked to {value}",
    "{label}: preset to {value}",
    "Free",
)
ROOM_PEOPLE_SET, ROOM_CLOSED_SET = "Only these people: {people}", "Closed: {steps}"
ROOM_ALL_FREE = "Nothing is locked or preset, all steps are open."
ROOM_STEPS_OPEN, ROOM_CHOOSE_PEOPLE = "Open steps", "Choose people"
ROOM_PEOPLE_HINT = "Nobody ticked: everybody may be chosen."
ROOM_DONE = "Done."
ROOM_LOST = "The lab does not answer. This page tries again."

# what the teacher takes home
ROOM_EXPORT = "Take the room home"
ROOM_EXPORT_LEAD = "All runs and attacks of the room, with nicknames, settings and figures."
ROOM_CSV, ROOM_HTML = "Runs as CSV", "Report as HTML"
ROOM_REPORT = "A room of the MLLM Unlearning Lab, {date}"
ROOM_REPORT_LEAD = "{people} people, {runs} runs, {attacks} attacks."
ROOM_RUNS, ROOM_ATTACKS = "Runs", "Attacks"
ROOM_RUNS_HEAD = ("Nickname", "Person", "Method", "State")
ROOM_ATTACKS_HEAD = (
    *("Nickname", "Person", "Attack", "State", "Before", "After"),
    *("n", "Chance", "Controls after the same attack"),
)
ROOM_CONTROL = "{name}: {after}"
ROOM_FIGURE = "{before} → {after} (n {n})"
ROOM_FIGURE_CHANCE = "{before} → {after} (n {n}, chance {chance})"
