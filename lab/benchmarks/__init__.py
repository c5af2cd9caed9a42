"""Who can be forgotten and what is asked: one file a benchmark, one schema for all."""
