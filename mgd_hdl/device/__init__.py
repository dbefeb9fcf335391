"""A device outside: what goes to it, what comes back, and what of that is believed."""
