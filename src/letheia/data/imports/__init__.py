"""Where people come from: a file a source, and one that writes the people folder."""
