"""The cellar: tools that know nothing of parcels, claims or letters."""
