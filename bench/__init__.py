"""
Measure what Amends claims about its speed: naive, ours and limit, side by side in one run.

Absolute figures depend on the machine and on who else uses it; the ratios are what counts, and
CPU time is steadier than the clock.
"""
