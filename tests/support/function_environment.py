"""The environment variables of functions that run in the tests' process.

They are set before the layer is imported, which reads them at once.
"""

import json
from typing import Any

from local.lambda_runtime.environment_variables import FUNCTION_ENVIRONMENT
from tests.support.specimen import SPECIMEN

_TABLE_NAMES = json.loads(FUNCTION_ENVIRONMENT["TABLE_NAMES"])

_CURSOR_KEY = [{"secret": "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHM=", "signs_from": 0, "good_until": None}]
_CONFIG = {"retention_days": 7, "page_size_default": 3, "page_size_max": 5}

VARIABLES = {
    **FUNCTION_ENVIRONMENT,
    "TABLE_NAMES": json.dumps({**_TABLE_NAMES, SPECIMEN.collection: SPECIMEN.collection}),
}


def put_parameters(ssm: Any) -> None:
    """Create the parameters that functions read, with a client of Parameter Store."""
    config, key = (FUNCTION_ENVIRONMENT[f"{n}_PARAMETER"] for n in ("CONFIG", "CURSOR_KEY"))
    ssm.put_parameter(Name=config, Type="String", Value=json.dumps(_CONFIG))
    ssm.put_parameter(Name=key, Type="SecureString", Value=json.dumps(_CURSOR_KEY))
