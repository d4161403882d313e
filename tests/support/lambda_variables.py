"""The environment variables that Lambda itself sets, for functions that run outside it."""

LAMBDA_VARIABLES = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "key",
    "LAMBDA_TASK_ROOT": "/var/task",
}
