"""Forms of floor 1: they check shape; the verbs check rules."""
