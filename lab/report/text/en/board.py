"""English: the class board, the challenges of a room, and links that lock what they set."""

BOARD_TITLE, BOARD_HOME, BOARD_OPEN = "Class board", "To the lab", "Open the class board"
BOARD_VIEWS = {"kept": "Forgotten and kept", "back": "Forgotten and brought back"}
BOARD_SIGNS, BOARD_TABLE = "Methods", "All runs as a list"
BOARD_CHALLENGES = "Challenges"
BOARD_BACK = "Forget VQA after the standard attack (lower is better)"
BOARD_BEST, BOARD_BEGINS = "best corner", "the axis begins at {share}"
BOARD_COUNT = "Runs on the board: {count}"
BOARD_NEW = "New on the board: {run}."
BOARD_SILENT = "The lab does not answer. What you see is from {time}."
BOARD_EMPTY = (
    "No run is shared yet.",
    "Forget a person in step 3. Then open step 6, choose your run and switch on “Share this run "
    "with the room”. It appears here within seconds.",
)
BOARD_EMPTY_ALONE = (
    "No run has been scored yet.",
    "Forget a person in step 3. The run appears here as soon as it has been scored.",
)
BOARD_NO_ATTACKS = (
    "No run on the board has been attacked yet.",
    "Start the attack “{attack}” in step 5 with its settings as they are.",
)
BOARD_WHO, BOARD_RUN = "{method} · {name}", "{who} · {id}"
BOARD_RECIPE, BOARD_CHANGE = "Seed {seed}, {steps} steps at most{changes}.", ", {key} {value}"
BOARD_SCORE = "{what}: {before} → {after} (n {n})."
BOARD_CONTROL = "A model that never knew this person: {share} (n {n})."
BOARD_LACKS = {
    "unasked": "The model that never knew has not been asked yet.",
    "unfit": "There is no model here that never knew this person.",
}
BOARD_NO_ATTACK = "No standard attack yet."
BOARD_ATTACKED = (
    "After the standard attack: {after} (n {n}). A model that never knew reaches {control}."
)
BOARD_LEFT_OUT = {
    "foreign": "Not shown, because they belong to another model: {count}.",
    "private": "Not shown, because only their owner can see the person: {count}.",
    "unscored": "Not shown, because they were stopped before they were scored: {count}.",
}

# the challenges: title, rule, and what stands there while nobody has a place
CHALLENGES = {
    "forget": (
        "Forget most, lose less than one point",
        "The lowest Forget VQA where nothing that should stay lost a point. Everything below chance "
        "counts as chance. At equal figures the earlier run is ahead.",
        "No run holds the rule yet.",
    ),
    "back": (
        "Bring the person back in the fewest steps",
        "Relearn somebody who was forgotten, on at most {share:.0%} of their data, to within 10 points of "
        "the original. Accuracy is measured every few steps.",
        "Nobody has come back yet.",
    ),
    "hard": (
        "Be hardest to bring back",
        "The lowest Forget VQA after the standard attack ({share:.0%} of the data, {steps} steps), where "
        "nothing that should stay lost 5 points. The strongest of the standard attacks counts.",
        "No run that keeps the rule has been attacked yet.",
    ),
}
CHALLENGES_NONE = "There is nothing to rank yet: share a run with the room (above), after step 3."
CHALLENGE_RULE, CHALLENGE_AT_CHANCE = "The rule", "at chance ({share})"
CHALLENGE_N = "n {n}"
CHALLENGE_STEPS = "{steps:g} steps"
CHALLENGE_CONTROL = "never knew: {score}"
CHALLENGE_CONTROL_NEVER = "the model that never knew did not get there"
CHALLENGE_LACKS = {
    "unasked": "never knew: not asked yet",
    "unfit": "never knew: no such model for this person",
    "unmeasured": "never knew: not measured",
}
CHALLENGE_REACHED = "reached {share}"
CHALLENGE_LOST = "lost most: {points:.1f} points ({measure}, n {n})"
CHALLENGE_OUT = "Runs left out: {reasons}."
CHALLENGE_LEFT_OUT = {
    "away": "{count} did not come back",
    "few": "{count} with fewer questions than most",
    "harmed": "{count} lost 5 points or more",
    "kept": "{count} not surely forgotten before the attack",
    "lost": "{count} lost a point or more",
    "share": "{count} attacked with more of the data",
    "stranger": "{count} about somebody whom the model did not know",
    "unattacked": "{count} not attacked",
    "uncontrolled": "{count} without a control",
    "weak": "{count} without the standard attack",
}

# links
LINK_LOCK, LINK_LOCK_INFO = (
    "Lock in the link",
    "Whoever opens the link cannot change these. It is for show: they can open the plain page.",
)
LINK_EMBED, LINK_EMBED_INFO = (
    "For a slide",
    "The link opens one step without the bar and the tabs.",
)
LINK_PERSON = "Person"
SETTING_OF_ATTACK = "Step 5: {label}"
LINK_LOCKS = "Locked by the link: {names}. This is for show."
LINK_PLAIN = "Open the plain page to change it."
LINK_LOCK_UNKNOWN = "The link locks something that is no setting of this lab: {key}."
LINK_STEP = "The link names a step that is not there: {step}. Steps go from 1 to 6."
LINK_LANGUAGE = "The link names a language that is not there: {language}. There are: {valid}."
LINK_RUN = "The run of the link is not here, or it is not shared with you."
LINK_MORE = "Not used either: {count} more."
