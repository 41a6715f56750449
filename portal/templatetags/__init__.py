"""What templates may say; see ``ui``."""
