"""The CDK app: one stack, one folder per concern."""
