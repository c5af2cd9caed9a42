"""What ``python -m assets.build.results`` measures: a function for every result file."""
