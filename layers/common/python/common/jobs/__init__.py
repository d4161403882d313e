"""The entity: a job's rules, its table and its lists."""
