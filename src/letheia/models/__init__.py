"""Vision-language models: families, loading, the adapter, encoding, log-probabilities and generation."""
