"""The doors for payment providers and for the script that sends photos."""
