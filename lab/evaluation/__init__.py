"""How a model is judged: what is asked, how answers are marked, and of which versions."""
