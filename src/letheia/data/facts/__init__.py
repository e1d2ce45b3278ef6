"""Labelled facts of real people, read from their summaries: by rules, by spaCy, or by an expert model."""
