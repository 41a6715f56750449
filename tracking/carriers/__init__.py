"""Carriers: one module each, bytes in and a reading out."""
