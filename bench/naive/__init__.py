"""The same job as a competent Django developer would write it first: DRF, the ORM, `delay`."""
