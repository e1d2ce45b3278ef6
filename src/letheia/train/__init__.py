"""The unlearning loop and its checkpoints."""
