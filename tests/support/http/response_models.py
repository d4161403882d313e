"""The response models of the deployed API."""

import json
from collections.abc import Mapping
from typing import Any

from tests.support.deployment.service import Service

ResponseModels = Mapping[tuple[str, str], Mapping[int, tuple[str, Mapping[str, Any]]]]
"""Media type and schema by status, by the HTTP method and path of a method."""


def response_models(service: Service) -> ResponseModels:
    """Return the response models of every method of the deployed API."""
    gateway = service.client("apigateway")
    api = service.outputs["ApiRest"]
    schemas = {
        model["name"]: json.loads(model["schema"])
        for model in gateway.get_models(restApiId=api, limit=500)["items"]
    }
    return {
        (method, resource["path"]): {
            int(status): _model(response["responseModels"], schemas)
            for status, response in definition["methodResponses"].items()
        }
        for resource in gateway.get_resources(restApiId=api, embed=["methods"], limit=500)["items"]
        for method, definition in resource.get("resourceMethods", {}).items()
    }


def _model(
    models: Mapping[str, str], schemas: Mapping[str, Mapping[str, Any]]
) -> tuple[str, Mapping[str, Any]]:
    ((media, name),) = models.items()
    return media, schemas.get(name, {})
