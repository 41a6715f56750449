"""People, their roles, machine tokens and rate limits."""
