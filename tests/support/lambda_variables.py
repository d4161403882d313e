"""The environment variables that Lambda itself sets, for functions that run outside it."""

from infra.spec.service import REGION

LAMBDA_VARIABLES = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "key",
    "LAMBDA_TASK_ROOT": "/var/task",
}
