"""Tables for the terminal and for files, and the single-file HTML report."""
