"""Doors for merchants' systems that lead to more rooms than one."""
