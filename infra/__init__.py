"""The CDK app of Job Ledger: one stack, one module per concern."""
