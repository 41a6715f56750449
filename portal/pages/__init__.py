"""The pages people see, one module an errand."""
