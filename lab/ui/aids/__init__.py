"""What helps a reader along: explanations of terms, predictions, the tour and the lessons' cards."""
