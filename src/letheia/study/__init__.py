"""The study: what is to be done, doing it, and what came out."""
