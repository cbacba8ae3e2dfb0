"""The demonstration: the story in a new repository, and the scripts that trained the registered models."""
