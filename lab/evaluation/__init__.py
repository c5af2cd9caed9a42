"""How a model is scored: the questions, how answers are marked, and the versions to compare."""
