"""Payment providers, each behind the same four questions."""
