"""What a caller has to send to be let in, by the ways in which a stage may want it proved."""

from collections.abc import Mapping
from typing import Any

from infra.spec.routes import RESOURCE_SERVER, SCOPES, Route
from infra.spec.stages import Authorization

_SIGN_IN = "https://sign-in.example.com/oauth2"
_SCOPES = {f"{RESOURCE_SERVER}/{access}": what for access, what in SCOPES.items()}

_KEY = {
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
        "description": "A key of the API's usage plan",
    }
}
_SCHEMES: Mapping[Authorization, Mapping[str, Any]] = {
    "api-key": _KEY,
    "cognito": {
        **_KEY,
        "SignIn": {
            "type": "oauth2",
            "description": (
                "People sign in with code and PKCE, workers with the client credentials grant;"
                f" the output SignInUrl of the stage's stack takes the place of {_SIGN_IN}"
            ),
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": f"{_SIGN_IN}/authorize",
                    "tokenUrl": f"{_SIGN_IN}/token",
                    "scopes": _SCOPES,
                },
                "clientCredentials": {"tokenUrl": f"{_SIGN_IN}/token", "scopes": _SCOPES},
            },
        },
        "AccessToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token that is there already, such as one of `ops token`",
        },
    },
    "iam": {
        **_KEY,
        "Signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "x-amazon-apigateway-authtype": "awsSigv4",
            "description": "A signature with AWS credentials (Version 4, for execute-api)",
        },
    },
}
_PROVE: Mapping[Authorization, tuple[str, ...]] = {
    "api-key": (),
    "cognito": ("SignIn", "AccessToken"),
    "iam": ("Signature",),
}
"""The schemes that prove who calls, each in a way of its own, besides the API key."""


def schemes(authorization: Authorization) -> Mapping[str, Any]:
    """The Security Scheme Objects, by name."""
    return _SCHEMES[authorization]


def required(route: Route, authorization: Authorization) -> list[dict[str, list[str]]]:
    """The Security Requirement Objects of a route, of which a caller fulfils one."""
    roles = [route.scope] if authorization == "cognito" else []
    return [{"ApiKey": [], name: roles} for name in _PROVE[authorization]] or [{"ApiKey": []}]
