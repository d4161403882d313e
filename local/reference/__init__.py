"""The API reference that the local run serves."""
