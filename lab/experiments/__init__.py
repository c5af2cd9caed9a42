"""Studies: what the paper leaves open about VKD, answered by runs on the same people."""
