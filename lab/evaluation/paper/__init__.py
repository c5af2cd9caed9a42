"""Paper mode: each benchmark asked and marked as its own published evaluator does, one file each."""
