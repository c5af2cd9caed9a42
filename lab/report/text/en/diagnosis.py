"""English: which failure signature a run shows. Thresholds: ``lab.report.diagnosis``."""

DIAGNOSIS_TITLE = "What next?"
DIAGNOSIS_LINE = "Failure signature: {words}"
DIAGNOSIS_NONE = "No failure signature shows."
DIAGNOSIS = {
    "text_changed": (
        "what is known in text changed ({before} → {after}, n {n}), so the language model was "
        "changed too."
    ),
    "sees_worse": (
        "plain pictures suffer as well as other people ({before} → {after}, n {n}), so the visual "
        "module was damaged as a whole: the steps were too large or too many."
    ),
    "tangled": (
        "Forget VQA did not fall enough while Retain VQA fell ({before} → {after}, n {n}), so the "
        "update does not tell this person apart from others: the mask lets too much through, or the "
        "steps are too large."
    ),
    "retain_fell": (
        "Retain VQA fell ({before} → {after}, n {n}): the distillation is too weak, or too much was "
        "pruned."
    ),
    "forget_high": (
        "Forget VQA did not fall enough ({before} → {after}, n {n}, chance {chance}): the "
        "distillation is too strong, or the thresholds are too conservative."
    ),
    "sees_less": (
        "it sees less of what this person looks like ({before} → {after}, n {n}): the features were "
        "moved to where the model cannot read that any more."
    ),
    "came_back": (
        "relearning brings the person back, and faster than it teaches the control ({before} → "
        "{after}, n {n}): the person is still somewhere in the model, in how the face is seen or in what "
        "the language model knows."
    ),
}
DIAGNOSIS_TRY = "Try {setting}: {now} → {new}"
DIAGNOSIS_TRIED = "Step 3 has the settings of this run, with {setting} at {new}."
DIAGNOSIS_LOCKED = (
    "Step 3 has the other settings of this run. {setting} is locked here and stays as it is."
)
DIAGNOSIS_CHANGES = "Two settings to try: {changes}."
DIAGNOSIS_CHANGE = "{setting} {now} → {new}"
DIAGNOSIS_ABOUT = (
    "That Forget VQA stays high where the distillation is too strong or the thresholds are too "
    "conservative is said in a public summary of the paper on VKD. The other signatures, the "
    "thresholds and the proposed values are our choice."
)
