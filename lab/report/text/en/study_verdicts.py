"""English: what the rows of a study say. Thresholds: ``lab.report.study_verdict``."""

STUDY_FIRST = "A first experiment that the public summaries of the paper propose."
STUDY_NEXT = "A next check that the public summaries of the paper propose."
VERDICT_FEW = "It cannot be told: a row has fewer than three runs, or none that ended."
VERDICT_NEURONS = {
    "found": (
        "Pruning finds the neurons: without the {share} that are most the target's, Forget VQA goes "
        "from {before} to {most}, and without as many at random to {random}. Others keep {retain} "
        "(Retain VQA). On held-out views the pruned ones fire {fires:.1f} times as strongly for the "
        "target."
    ),
    "costly": (
        "Pruning finds neurons that the target needs, and others need them too: without the {share} "
        "that are most the target's, Forget VQA goes from {before} to {most} (at random: {random}), "
        "but Retain VQA falls to {retain}. On held-out views the pruned ones fire {fires:.1f} times "
        "as strongly for the target."
    ),
    "not": (
        "Pruning alone does not show that it finds the neurons: even without the {share} that are "
        "most the target's, Forget VQA goes from {before} to {most}, and without as many at random "
        "to {random}. Retain VQA is {retain} then. On held-out views the pruned ones fire "
        "{fires:.1f} times as strongly for the target."
    ),
}
VERDICT_ALIGNMENT = {
    "found": (
        "The VKD loss aligns the features: on held-out views of others they are {aligned} away from "
        "the original's with {variant}, and {bare} without it. The target's are {target} away. "
        "Retain VQA is {retain} with it and {retain_bare} without."
    ),
    "not": (
        "That the VKD loss aligns the features is not shown: on held-out views of others they are "
        "{aligned} away from the original's with {variant}, and {bare} without it. The target's are "
        "{target} away. Retain VQA is {retain} with it and {retain_bare} without."
    ),
}
VERDICT_FROZEN = {
    "less": (
        "A step that trains every weight takes {times:.1f} ± {half:.1f} times as long as a step of "
        "VKD, less than the {claimed:.0f} times that a summary of the paper names."
    ),
    "about": (
        "A step that trains every weight takes {times:.1f} ± {half:.1f} times as long as a step of "
        "VKD, which agrees with the about {claimed:.0f} times that a summary of the paper names."
    ),
    "more": (
        "A step that trains every weight takes {times:.1f} ± {half:.1f} times as long as a step of "
        "VKD, more than the {claimed:.0f} times that a summary of the paper names."
    ),
}
VERDICT_THRESHOLDS = {
    "some": (
        "{count} of {all} pairs of thresholds forget down to chance and cost others at most "
        "{points:.0f} points. Of these {best} keeps most: Forget VQA {forget}, Retain VQA {retain}."
    ),
    "none": (
        "None of the {all} pairs of thresholds forgets down to chance and costs others at most "
        "{points:.0f} points."
    ),
}
VERDICT_DIFFERS = {
    "forget": "With “{variant}” Forget VQA is {other}, with “projector” {usual}.",
    "retain": "With “{variant}” Retain VQA is {other}, with “projector” {usual}.",
}
VERDICT_ALIKE = "Which output is distilled makes no difference that these runs could show."
VERDICT_STYLE = {
    "left": (
        "The person is still recognised when drawn as: {left}. These are of the {all} ways of "
        "drawing in which the original recognises the person."
    ),
    "gone": (
        "In none of the {all} ways of drawing in which the original recognises the person is it sure "
        "that the unlearned model still does."
    ),
}
VERDICT_DESTINATION = {
    "usual": (
        "The demo has “{variant}”: Forget VQA {forget_vqa}, Retain VQA {retain_vqa}, still sees "
        "{still_sees}, names somebody else {names_other}."
    ),
    "other": "“{variant}” has {forget_vqa}, {retain_vqa}, {still_sees} and {names_other}.",
    "strangers": (
        "Of the strangers “{least}” has the lowest Forget VQA, {forget_vqa}, and “{most}” still sees "
        "most, {still_sees}."
    ),
    "judged": (
        "The destination was chosen by these four figures together, on four other people: by "
        "judgement and not by a formula, and those figures were not kept."
    ),
}
