"""Many studies: cells, who computes them, what they come to."""
