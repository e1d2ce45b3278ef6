"""Unlearning methods: pure losses, terms that combine them with a target text, and one row per method."""
