"""A device outside, as its circuit sees it: what is sent, what is read, what is believed."""
