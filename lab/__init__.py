"""MLLM Unlearning Lab: choose a person, look inside, unlearn, compare, attack.

Rooms: benchmarks (who to forget), model (what is loaded), saliency (which neurons and weights),
unlearn (the methods, as generators of events), attack and evaluate (what is left), serve (runs and
the worker that owns the device), ui (the page). Core never imports gradio; ui never imports torch.
"""

__version__ = "0.1.0"
