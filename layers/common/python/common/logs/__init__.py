"""Logs, metrics and traces, and the S3 log shipper."""
