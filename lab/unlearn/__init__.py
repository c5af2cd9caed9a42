"""Unlearning methods, each a generator of events over one shared loop."""
