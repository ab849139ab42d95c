"""The pages of floor 5."""
