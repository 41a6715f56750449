"""The doors that machines use."""
