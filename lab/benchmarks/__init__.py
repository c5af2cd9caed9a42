"""The benchmarks: the people to forget and the questions; one file each, one schema for all."""
