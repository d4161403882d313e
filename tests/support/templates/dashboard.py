"""The widgets of a template's CloudWatch dashboard."""

import json

from tests.support.templates.synthesized import Properties, Synthesized


def widgets(stack: Synthesized) -> list[Properties]:
    """Return the dashboard's widgets in their order."""
    body = json.loads(stack.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
    items: list[Properties] = body["widgets"]
    return items
