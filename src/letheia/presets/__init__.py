"""Ready-made studies: the only room that knows the built-in world and studies."""
