"""The command-line tools of an operator."""
