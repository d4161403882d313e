"""The layer that all functions of Job Ledger share."""
