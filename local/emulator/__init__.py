"""The embedded AWS: its process, and the patches that make it behave as AWS does."""
