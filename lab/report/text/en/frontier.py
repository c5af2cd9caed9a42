"""English: the frontier on the report step."""

FRONTIER = "The frontier: what is kept, and how fast the person is learned again"
FRONTIER_LEAD = (
    "Every point is a method with its settings. To the right, more of Retain VQA is lost. Further "
    "up, the person is learned faster than by “text only”, a model that was taught their text and "
    "never a picture: the mean distance of the two curves over the first 20 steps of relearning. "
    "The best place is at the bottom on the left. Below zero the person is learned more slowly than "
    "somebody never seen, which is masked and not forgotten. The bars are half of the 95 % t "
    "interval over people, if there are three or more."
)
FRONTIER_CHOICE = (
    "The attacker and its rates, the limit of {keeps:g} points and the aim of {aim:g} points are our "
    "choice. The worst rate is the one of ×1, ×3 and ×10 with the highest mean recovery. The "
    "attacker of the numbered points may train the visual module and a LoRA of the language model. "
    "That of your own runs is as you set it."
)
FRONTIER_OTHER = "This was measured on other models than the ones of today."
FRONTIER_BEST = (
    "Of the variants that lose at most {keeps:.1f} points of Retain VQA, {name} has the lowest "
    "recovery, {recovery} points over “text only” at {lost} points lost (mean of {people} people), "
    "and {end}."
)
FRONTIER_NONE_KEEPS = (
    "Every variant loses more than {keeps:.1f} points of Retain VQA; {name} has the lowest recovery, "
    "{recovery} points over “text only” at {lost} points lost (mean of {people} people), and {end}."
)
FRONTIER_REACHED = (
    "this reaches the aim of at most {aim:g} points at the usual rate (at the worst rate, ×{rate:.3g}, "
    "it is {worst} points)"
)
FRONTIER_MISSED = "this does not reach the aim of at most {aim:g} points"
FRONTIER_WITHOUT = "Runs without a point, because they failed or have no control: {count}."
FRONTIER_WAITING = "These methods are not measured yet: {methods}."
FRONTIER_YOUR_RUNS = (
    "Open signs are your own runs ({count}), each at the attack by training that brought most back."
)
FRONTIER_NO_RUNS = (
    "None of your own runs is shown yet. Unlearn in step 3 and attack by training in step 5, and "
    "your run stands here beside the others."
)
FRONTIER_UNCONTROLLED = (
    "Your runs that were attacked without the control “text only”, and so have no point: {count}."
)
FRONTIER_LOST = "Retain VQA lost (points)"
FRONTIER_RECOVERY = "recovery over “text only” (points)"
FRONTIER_AIM, FRONTIER_KEEPS = "aim: at most {aim:g} points", "{keeps:.1f} points lost"
FRONTIER_MARK, FRONTIER_YOURS = "R{number}", "your runs, {method}"
FRONTIER_OWN = "your run: {name}, {run}, attacked at ×{rate:.3g}"
FRONTIER_OWN_RUN = "{person}, seed {seed}, {id}"
FRONTIER_RATE = "{points:.1f} (×{rate:.3g})"
FRONTIER_HEAD = (
    "method and settings",
    "forget VQA",
    "Retain VQA lost (points)",
    "still sees, lost (points)",
    "names somebody else",
    "recovery over “text only” (points)",
    "recovery at the worst rate (points)",
    "time",
    "people",
    "device",
)
