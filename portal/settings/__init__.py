"""Settings: everything in base, little in test."""
