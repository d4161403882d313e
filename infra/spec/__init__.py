"""The service as data: routes, stages, the log archive. Nothing here imports the CDK."""
