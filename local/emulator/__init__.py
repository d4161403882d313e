"""The embedded AWS: its process, and the patches that bring it closer to AWS."""
