"""English: one sentence for a result. Thresholds: ``lab.report.verdict``."""

VERDICT_FACE = {
    "gone": ("It no longer recognises {name}: {before} → {after} (n {n}, chance {chance})."),
    "left": ("It still recognises {name}: {before} → {after} (n {n}, chance {chance})."),
    "unsure": (
        "Whether it still recognises {name} cannot be told: {before} → {after} right with a photo, "
        "of only {n} questions (chance {chance})."
    ),
    "nothing": (
        "There was nothing to forget: the original did not recognise {name} either ({before} → "
        "{after}, n {n}, chance {chance})."
    ),
}
VERDICT_FACE_SHORT = {
    "gone": "It no longer recognises {name}.",
    "left": "It still recognises {name}.",
    "unsure": "Whether it still recognises {name} cannot be told.",
    "nothing": "It never recognised {name}.",
}
VERDICT_OTHERS = {
    "keep": "Others are still recognised: {before} → {after} (n {n}).",
    "lose": "Others suffer: {before} → {after} (n {n}).",
    "unsure": (
        "Others: {before} → {after}, but {n} questions are too few to tell whether they suffer."
    ),
}
VERDICT_OTHERS_SHORT = {
    "keep": "Others are still recognised.",
    "lose": "Others suffer.",
    "unsure": "Whether others suffer cannot be told.",
}
VERDICT_TEXT_SAME = "Questions in text: unchanged."
VERDICT_TEXT = "Questions in text: {share} of the answers changed from right to wrong or back."
VERDICT_NAMED = "{right} of {n} answers give the right name."
VERDICT_NAMES = (
    "Of the other answers, {other} give another name, {unknown} say that it does not know, and "
    "{rest} say something else."
)
VERDICT_NO_PHOTO = "Right answers about {name} without a photo: {before} → {after} (n {n})."
VERDICT_BACK = "{name} came back: {before} → {after} (n {n})."
VERDICT_BACK_UNSURE = (
    "Whether {name} came back cannot be told: {before} → {after}, of only {n} questions."
)
VERDICT_HELD = "{name} did not come back: {before} → {after} (n {n})."
VERDICT_SPEED = {
    "forgotten": "Forgotten, as far as {n} questions show: learned as slowly as a face never seen.",
    "hidden": "Hidden: learned faster than a face never seen ({points}).",
    "masked": "Masked: learned more slowly than a face never seen ({points}). A harder attack may win.",
    "unsure": "Forgotten or not? {n} questions cannot tell.",
}
VERDICT_SHOWN = (
    "Verdict: hidden. A model that never met its person does not guess as well ({before} → {after}), "
    "so something was left."
)
VERDICT_GUESSED = (
    "Verdict: a guess. A model that never met its person reaches as much ({before} → {after})."
)
VERDICT_SPEED_UNSURE = (
    "Verdict: cannot tell. A model that never met its person did nearly as well ({before} → {after}). "
    "With so few questions the difference may be chance."
)
VERDICT_NO_CONTROL = (
    "Verdict: cannot tell. There is no model here that never met the person, so nobody can say whether "
    "the face was remembered or learned again."
)
VERDICT_WEAK = (
    "Verdict: cannot tell. The attack is too weak: it does not teach a new face either ({before} → "
    "{after})."
)
VERDICT_BRIEF = {
    "held": "did not come back",
    "forgotten": "forgotten",
    "hidden": "hidden",
    "masked": "masked",
    "shown": "hidden",
    "guessed": "a guess",
    "weak": "attack too weak",
    "unsure": "cannot tell",
    "close": "cannot tell",
    "no control": "cannot tell",
}
VERDICT_INSIDE = (
    "{count:,} of {total:,} neurons ({share}) fire at least {times:.0f} times as strongly for {name} "
    "as for others."
)
VERDICT_OFF = "The {off:,} that are switched off fire {times:.1f} times as strongly (median)."
VERDICT_RUNS = (
    "Over {runs} runs (people: {people}), the chosen face went from {forget_before} to {forget}, and "
    "other faces from {retain_before} to {retain}."
)
VERDICT_ONE_RUN = (
    "In this one run, the chosen face went from {forget_before} to {forget}, and other faces from "
    "{retain_before} to {retain}. One run shows little: try another seed or person."
)
VERDICT_BEST = "The best balance has {method} on {name}: {forget} forgotten face, {retain} others."
VERDICT_PROBES = "Of the fixed questions, right before and after: {groups}."
VERDICT_PROBE_GROUP = "{group} {before} → {after} of {n}"

# the depth panel
DEPTH_ORIGINAL = "The original tells {name} apart from {depth} on (n {n})."
DEPTH_ORIGINAL_NOT = "The original tells {name} apart at no depth (n {n})."
DEPTH_NO_RUN = "Forget the person first, then this shows at which depth they vanish."
DEPTH_NOWHERE = (
    "The unlearned model no longer tells {name} apart at any depth ({before} → {after} after the last "
    "one, chance {chance}, n {n})."
)
DEPTH_UP_TO = (
    "Up to {depth} the unlearned model still tells {name} apart. What the language model is given no "
    "longer shows who this is ({before} → {after}, chance {chance}, n {n})."
)
DEPTH_STILL = (
    "Even what the language model is given still tells {name} apart ({before} → {after}, chance "
    "{chance}, n {n})."
)
DEPTH_ANYBODY = (
    "So does a model that never met its person ({control}): this is telling faces apart, no memory."
)
DEPTH_BETTER = (
    "A model that never met its person does so less well ({control}): some of the person is hidden."
)
