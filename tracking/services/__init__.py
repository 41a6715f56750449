"""What tracking can do, verb by verb."""
