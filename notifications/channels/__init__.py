"""The ways a letter can go; one file each."""
