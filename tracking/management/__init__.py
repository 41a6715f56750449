"""Commands of the tracking room."""
