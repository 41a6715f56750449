"""Real processes, killed at bad moments, judged by ledgers that are not ours."""
