"""The outbox: what happened, on its way to whoever reacts."""
