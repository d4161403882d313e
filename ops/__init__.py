"""The operator's command line: a file per command in ``commands``, and what they share."""
