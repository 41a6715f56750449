"""Commands that people outside the code rely on."""
