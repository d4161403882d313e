"""The answers to a path or a method without a route: 404, or 405 with the methods of the path.

Without these methods, API Gateway would treat the request as one to AWS itself and would look for
a signature in its Authorization header. A Bearer token there raises an error without a gateway
response type, which is 400:
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html

A mock integration answers, so that an unknown caller cannot invoke a function. It renders the
request template of the request's media type to learn its status. A media type without a template
is refused before that, with the gateway response UNSUPPORTED_MEDIA_TYPE, which no other method can
raise; it is therefore a 404 too:
https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
"""

import json
from collections.abc import Iterable, Mapping

from aws_cdk import aws_apigateway as apigateway

from common.contract import JSON, MERGE_PATCH
from common.web.problems import METHOD_NOT_ALLOWED, NO_ROUTE, Kind, problem_document
from infra.api.gateway_problems import PROBLEM_HEADERS
from infra.api.models import Models

_MEDIA_TYPES = (JSON, MERGE_PATCH, "application/x-www-form-urlencoded", "text/plain")
"""The media types of the routes, and those that curl and browsers send by default. API Gateway
treats a request without a media type as JSON."""


class Fallbacks:
    """Adds the methods that answer for missing routes, without credentials and without an API key.

    Args:
        models: The API's models.
        origins: The origins that may read the answers.
        cors_headers: The CORS headers of an answer, as header mappings.
    """

    def __init__(
        self, models: Models, origins: tuple[str, ...], cors_headers: Mapping[str, str]
    ) -> None:
        self._models = models
        self._choice_of_origin = _choice_of_origin(origins) if len(origins) > 1 else ""
        self._cors_headers = cors_headers

    def refuse_other_methods(self, resource: apigateway.IResource, methods: Iterable[str]) -> None:
        """Answer 405 to all methods of a path that it has no other method for."""
        allowed = ", ".join(sorted({*methods, "OPTIONS"}))
        self._add(resource, METHOD_NOT_ALLOWED, {"Allow": f"'{allowed}'"})

    def refuse_all_methods(self, resource: apigateway.IResource) -> None:
        """Answer 404 to all methods of a path."""
        self._add(resource, NO_ROUTE, {})

    def _add(
        self, resource: apigateway.IResource, kind: Kind, more_headers: Mapping[str, str]
    ) -> None:
        status = str(kind.status.value)
        headers = {
            f"method.response.header.{name}": value
            for name, value in {
                **PROBLEM_HEADERS,
                **self._cors_headers,
                **more_headers,
            }.items()
        }
        request = json.dumps({"statusCode": kind.status.value})
        resource.add_method(
            "ANY",
            apigateway.MockIntegration(
                passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
                request_templates=dict.fromkeys(_MEDIA_TYPES, request),
                integration_responses=[
                    apigateway.IntegrationResponse(
                        status_code=status,
                        response_parameters=headers,
                        response_templates={JSON: self._choice_of_origin + _document(kind)},
                    )
                ],
            ),
            authorization_type=apigateway.AuthorizationType.NONE,
            api_key_required=False,
            method_responses=[self._models.of_problem(status, dict.fromkeys(headers, True))],
        )


# A URI reference (RFC 3986, 4.1), although a caller may send any character: everything is encoded,
# apart from slashes and from characters that are encoded already.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
_SET_PATH = """\
#set($encoded = $util.urlEncode($context.path).replaceAll("[+]", "%20").replaceAll("%2F", "/"))
#set($path = $encoded.replaceAll("%25([0-9A-Fa-f]{2})", "%$1"))
"""


def _document(kind: Kind) -> str:
    document = problem_document(
        kind.status, kind.detail, instance="$path", request_id="$context.requestId"
    )
    return _SET_PATH + json.dumps(document, separators=(",", ":"))


def _choice_of_origin(origins: tuple[str, ...]) -> str:
    """Return the template that allows the request's origin if it is listed."""
    listed = " || ".join(f'$origin == "{origin}"' for origin in origins)
    return (
        '#set($origin = $input.params().header.get("Origin"))\n'
        '#if($origin == "")#set($origin = $input.params().header.get("origin"))#end\n'
        f"#if({listed})\n"
        "#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)\n"
        "#end\n"
    )
