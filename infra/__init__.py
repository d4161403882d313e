"""The CDK app of Job Ledger: one stack, one folder per concern."""
