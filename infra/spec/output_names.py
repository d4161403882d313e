"""The stack outputs of resources that scripts rely on.

Such an output has the name of its resource's construct path (infra/conventions/outputs.py), so a
renamed construct renames the output; tests/infra/test_outputs.py notices it.
"""

from common.crud.entity import Entity
from infra.spec.routes import Function

API_ACCESS_LOGS = "ApiAccessLogs"
"""The log group of the API's access log."""

CURSOR_KEY = "ParametersCursorKey"
"""The parameter with the keys that sign cursors."""

CURSOR_KEY_FUNCTION = "ParametersCursorKeyMaker"
"""The function that rotates these keys."""


def function_logs(function: Function) -> str:
    """Return the output with the log group of ``function``."""
    return f"{function.capitalize()}Logs"


def table_output(entity: Entity) -> str:
    """Return the output with the name of an entity's table."""
    return f"{entity.plural_type_name}TableName"
