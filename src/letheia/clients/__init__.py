"""The network: Wikipedia, and any endpoint that speaks OpenAI's chat protocol."""
