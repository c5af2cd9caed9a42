"""English: the model card of a run that was exported as a folder of plain weights."""

CARD_TITLE = "{model} without the face of {name}"
CARD_LEAD = (
    "This is the model `{model}` after the unlearning method `{method}` was made to remove how {name} "
    "looks. It was written by the MLLM Unlearning Lab {version}. The transformers library loads it by "
    "itself."
)
CARD_WEIGHTS = "All weights are {dtype}. The files of the weights take {megabytes} MB."
CARD_ROUNDED = (
    "The figures below were measured with float32 weights of the visual module. Weights in bfloat16 "
    "are rounded, so single answers can differ."
)
CARD_USE = "How to use it"
CARD_DONE, CARD_RECIPE, CARD_AGAIN = "What was done", "The recipe:", "The command for this run:"
CARD_FIGURES = "Figures"
CARD_UNSCORED = "This run was not scored, so there are no figures."
CARD_MEASURED = (
    "Shares of right answers, or mean scores, before and after. n is the number of questions. Chance "
    "is what blind choice reaches."
)
CARD_ATTACKS = "Attacks"
CARD_ATTACKS_LEAD = "Forget VQA of the unlearned model before and after each attack that is in the folder of the run."
CARD_ATTACKS_HEAD = (
    "attack",
    "before",
    "after",
    "gain",
    "gap to the original",
    "n",
    "chance",
    "gain of the control “Never knew”",
    "gain of the control “Text only”",
)
CARD_NO_ATTACKS = "The folder of the run holds no attack, so nothing here says how it resists one."
CARD_LIMITS = "Limits"
CARD_LIMITS_LIST = (
    "Unlearning is no proof of deletion. Training on a few pictures of the person can bring the memory back.",
    "The figures hold for the questions and pictures of the benchmark `{benchmark}` alone, with the n in the table and one seed.",
    "The model is for research and teaching. It is not meant for decisions about people.",
)
CARD_LICENCES = "Licences"
CARD_LICENCES_SHIPPED = (
    "The file LICENSES.md in this folder names the origin and the licence of each part of the model. "
    "The portraits that it was taught with are for research and teaching only."
)
CARD_LICENCES_OTHER = (
    "The terms of the model `{base}` and of the benchmark `{benchmark}` hold for these weights, too. "
    "Read both before you pass the weights on."
)
