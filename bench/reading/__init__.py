"""The journey page as a competent Django developer would write it first, and its floor."""
