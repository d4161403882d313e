"""The operator's command line: a file per command in ``commands``, beside the code they share."""
