"""The environment variables that the stack sets for a function, with values for tests."""

FUNCTION_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "FUNCTION": "unit",
    "TABLE_NAME": "jobs",
    "SHARDS": "2",
    "ARCHIVE_BUCKET": "archive",
    "ARCHIVE_FLUSH_SECONDS": "10",
    "CONFIG_PARAMETER": "/job-ledger/test/config",
    "CURSOR_KEY_PARAMETER": "/job-ledger/test/cursor-key",
    "CORS_ORIGINS": "*",
    "CACHE_TTL": '{"GET /jobs": 5, "GET /jobs/{job_id}": 7}',
    "POWERTOOLS_SERVICE_NAME": "job-ledger-test",
    "POWERTOOLS_METRICS_NAMESPACE": "JobLedger",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
