"""DynamoDB for any entity: retries, expressions, exactly-once writes, lists and cursors."""
