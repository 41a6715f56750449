"""What happened to a parcel."""
