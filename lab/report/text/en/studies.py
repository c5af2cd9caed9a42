"""English: the open questions on the report step, and what their tables and plots show."""

STUDIES = "Open questions"
STUDIES_LEAD = (
    "What the paper on VKD leaves open, answered with earlier runs on the embedded model. VKD cannot "
    "change text-only answers, so its tables leave them out."
)
FIRST_EDITION = (
    "First edition: this was measured on the first edition of the embedded model. The model of "
    "today may give other figures."
)
STUDIES_PICK = "Question"
FAILED_RUNS = "{runs} ({failed} failed)"

# the comparison of the methods
METHODS_QUESTION = "Which method forgets best, and at what cost?"
METHODS_NOTE = (
    "Every method was tuned with a grid of trials on the same four people. The best trial is the "
    "one with the highest harmonic mean of what was forgotten and what was kept. Its settings were "
    "then fixed and used for other people. AG is Forget VQA after relearning minus Forget VQA "
    "before it, with the same attacker for all methods; “AG at half” is measured after half of the"
    " attacker's steps. Lower is better. The vanilla gap is Forget VQA of the original model minus"
    " Forget VQA after relearning. Higher is better. The protocol and the settings are our choice."
    " Silence is our own method and comes from no paper."
)
METHODS_WIDENED = (
    "Where the best trial lay at an edge of its grid, the grid was widened by a factor of three on "
    "that side, at most three times. A setting “at its lowest possible” or “at its highest "
    "possible” has reached its own limit."
)
METHODS_NOT_WIDENED = (
    "The grids of this table were not widened. A method whose best trial lies at the edge of its "
    "grid may do better with settings outside it. The rows of MANU are of an earlier form of the "
    "method, which scored language neurons on rows with a picture."
)
METHODS_FACTS = (
    "Tuned on {tuning_people}. Run on {test_people}. Seeds: {seeds}. Failed runs: {failed}. "
    "Attack, at the first seed only: {attack}. ± is half of the 95 % t interval over people, if "
    "there are three or more. Each run has {n} questions for forget VQA (chance {chance:.0%}). "
    "Measured with {model}, {quantization}, on {device}."
)
METHODS_SEES = (
    "Still sees: up to {sees} questions in each run; always giving the most common answers would be "
    "right for {chance:.0%} of them. Names somebody else, does not know: {names} answers in each run."
)
METHODS_WAITING = "These methods are not in the table yet: {methods}."
METHODS_GAINS = {"gain_half": "AG at half", "gain": "AG", "vanilla_gap": "vanilla gap"}
METHODS_TRAINED = "weights trained"
METHODS_TUNING, METHODS_INSIDE = ("times widened", "best trial at an edge"), "no"
METHODS_HEAD = ("method", "processor time", "memory", "runs")

# the grid of attacks
GRID_QUESTION = "How much must an attacker have to bring the person back?"
GRID_NOTE = (
    "The attacker relearns the person. The runs differ in what the attacker may train, and in the "
    "share of the person's pictures and questions that the attacker has. The solid lines show the "
    "unlearned model. The dashed lines show a model that never knew its person, attacked with the "
    "same budget. A solid line above its dashed line suggests that something was left in the "
    "model. The rest is learned anew."
)
GRID_AVERAGE = (
    "Average AG over all cells: {gain:.1f} points (accuracy after relearning minus accuracy after "
    "unlearning; lower is better). Recovery compared with the control: {recovery:.1f} points. The "
    "paper reports an average AG of 1.3 %. It uses another model, another benchmark and a budget "
    "that we could not read, so the two numbers cannot be compared directly."
)
GRID_FACTS = (
    "People: {people}, each attacked alone. Method: {method}. Budget: {steps} steps, learning rate"
    " {lr:g}, batch {batch}. Each person has {n} questions (chance {chance:.0%}). Failed cells: "
    "{failed}. ± is half of the 95 % t interval over people. The control model never knew "
    "{controls}. The ± leaves out the control's own variation, because several people share one "
    "control. The shares and the budget are our choice. Measured with {model}, {quantization}."
)
GRID_SCOPES = {"vision": "visual module", "language": "language LoRA", "both": "both"}
GRID_SHARE_ROWS = "{share:.0%} ({rows:.0f})"
GRID_UNLEARNED, GRID_CONTROL = "{scope}", "{scope}, never knew"
GRID_TEXT_ONLY = "{scope}, text only"
GRID_SHARE, GRID_AFTER = "share of the person's rows", "Forget VQA after relearning"
GRID_HEAD = (
    "attacker trains",
    "share (rows)",
    "after",
    "AG",
    "vanilla gap",
    "control after",
    "recovery",
    "people",
)
GRID_FAIR = ("text only after", "recovery over text only")

# a study: its question, and what one must know to read the answer
STUDY_WORDS = {
    "ablation": (
        "Which part of VKD does the work?",
        "Each row leaves out or replaces one part of VKD. Everything else is the full recipe, "
        "including the rule that ends the run.",
    ),
    "neurons": (
        "Does pruning find the person's neurons?",
        "Nothing is trained here. Each row only switches neurons off: those that answer to the target "
        "most, as VKD chooses them, as many at random, or as many that answer to the target least. "
        "“Fires” says how many times as strongly they fire for the target as for others, on held-out "
        "views (median). The shares are our choice.",
    ),
    "alignment": (
        "Does the VKD loss align the features?",
        "Every variant does the same number of steps: the rule that ends a run is switched off here. "
        "The distance is the one that VKD distils by, of the projector's outputs on held-out views, "
        "as a share of the original's squared length. beta 0 is without the VKD loss.",
    ),
    "frozen": (
        "What does the frozen language model save?",
        "Seconds of a single step, the median of five rounds timed in turn, on the same forget rows. "
        "The last row trains every weight, in the plain way with transformers. What comes before the "
        "steps is not in it. That we compare single steps is our choice.",
    ),
    "representation": (
        "Which of the teacher's outputs should be distilled?",
        "The weight beta is the same in all three variants. The variant “both” takes the mean of "
        "the two distances. The projector is trained in every variant. Where only the encoder is "
        "distilled, nothing holds the projector in place.",
    ),
    "distance": (
        "By which distance should the teacher's output be distilled?",
        "The weight beta is the same in all four variants, but it weighs differently in each, "
        "because the distances differ in size. The variant “relational” holds how far the pictures "
        "lie apart from each other, and not where they lie.",
    ),
    "destination": (
        "Where should the target's features go?",
        "“away” has no aim but that the right answers become unlikely. “unknown” adds that the "
        "answers become those about a stranger. The others move the target's "
        "features to where the original sees strangers: to one who looks alike and whom it calls by "
        "nobody's name, to the mean of 30 pictures, to the nearest of them, or to one drawn by the "
        "seed. Their steps do not ask the language model. The best outcome "
        "is a model that does not know the person, names nobody else and still sees them.",
    ),
    "style": (
        "Is the same person forgotten when drawn differently?",
        "The run sees only unchanged training pictures. The changes and their strengths are our "
        "choice. The control model never knew the people that it is asked about. They are not the "
        "people who are forgotten here.",
    ),
    "depth": (
        "How many vision blocks should be pruned and trained?",
        "Each row prunes and trains the last live blocks, as many as it says, and the projector. "
        "The pruned share is taken over the same blocks.",
    ),
    "thresholds": (
        "Which thresholds d_I and d_F are sensible?",
        "Marked are the thresholds with Forget VQA at chance or below and Retain VQA at most "
        "{points:.0f} points below the original model's. This rule is our choice. The paper gives "
        "no numbers.",
    ),
}
STUDY_MISSING = (
    "There is no stored answer yet. The command below produces it, and the page reads it from "
    "{path}."
)
STUDY_HOW = "How this was measured"
STUDY_COMMAND = "Produced by: {command}"
STUDY_FACTS = (
    "Runs per row: {runs}. Failed runs in total: {failed}. Seeds: {seeds}. People: {people}, "
    "chosen {choice}. ± is half of the 95 % t interval over people and seeds; a row with fewer "
    "than three runs has none. Measured with {model}, {quantization}, on {device}."
)
STUDY_QUESTIONS = "{n} questions per row for {measure} (chance {chance:.0%})"
STUDY_WRITTEN = "{n} answers per row for {measure} (no chance level)"
STUDY_CONTROL = "{n} questions for the control"
STUDY_SERIES = {
    "after_forget_vqa": "forget VQA",
    "after_retain_vqa": "retain VQA",
    "after_pictures_vqa": "pictures",
    "after_forget_name": "name",
    "after_still_sees": "still sees",
    "after_names_other": "names somebody else",
}
STUDY_REDRAWN = {
    "before_forget_vqa": "original",
    "after_forget_vqa": "unlearned",
    "control_forget_vqa": "control: never knew its people",
}
STUDY_DISTANCES = {
    "after_distance_others": "distance of others",
    "after_distance_target": "distance of the target",
}
STUDY_FIRES, STUDY_FIRES_TIMES = "fires", "{times:.1f} x"
STUDY_STEP, STUDY_TIMES = "seconds a step", "as long as vkd"
STUDY_STEP_SECONDS = "{seconds:.2f} s{within}"
STUDY_PLUS_MINUS = "\u00a0±\u00a0{half:.2f}"
STUDY_HEAD = ("variant", "steps", "mask", "time", "runs")
STUDY_SHARE = "share of right answers"
STUDY_BLOCKS = "number of vision blocks pruned and trained"
STUDY_FORGET, STUDY_RETAIN = "forget VQA<br>(lower is better)", "retain VQA<br>(higher is better)"
STUDY_SENSIBLE = "sensible"
STUDY_D_I, STUDY_D_F = "d_I", "d_F"
