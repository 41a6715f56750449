"""Who hears, and how."""
