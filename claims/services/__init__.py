"""What can be done with a claim, verb by verb."""
