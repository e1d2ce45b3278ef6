"""The local server: OpenAI's chat protocol over the models in this process, and the playground on it."""
