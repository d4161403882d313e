"""The functions, and the network that they run in."""
