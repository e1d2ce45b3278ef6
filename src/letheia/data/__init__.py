"""People folders: reading, writing, checking, splits, and what is trained on when."""
