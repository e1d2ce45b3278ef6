"""The built-in world: fictional people, their portraits and texts, and small models that know them."""
