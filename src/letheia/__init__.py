"""Letheia removes people from vision-language models and shows what the model says instead."""
