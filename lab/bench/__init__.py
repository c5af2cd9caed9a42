"""What the lab costs: speed as ratios, growth, and the memory of published sizes."""
