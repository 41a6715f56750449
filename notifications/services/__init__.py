"""Write letters and get them out of the door."""
