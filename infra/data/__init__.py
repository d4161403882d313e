"""The data stores: the table, the log archive, Athena and Parameter Store."""
