"""What we owe and what we do about it."""
