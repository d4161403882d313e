"""The security schemes, by the authorization of a stage."""

from collections.abc import Mapping
from typing import Any

from infra.spec.routes import SCOPES, Route
from infra.spec.stages import Authorization

_SIGN_IN = "https://sign-in.example.com/oauth2"

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
                "People sign in with the authorization code grant and PKCE, workers with the"
                f" client credentials grant. Replace {_SIGN_IN} with the stack's output SignInUrl"
            ),
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": f"{_SIGN_IN}/authorize",
                    "tokenUrl": f"{_SIGN_IN}/token",
                    "scopes": SCOPES,
                },
                "clientCredentials": {"tokenUrl": f"{_SIGN_IN}/token", "scopes": SCOPES},
            },
        },
        "AccessToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token, such as one printed by `ops token`",
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
_REQUIRED: Mapping[Authorization, tuple[str, ...]] = {
    "api-key": (),
    "cognito": ("SignIn", "AccessToken"),
    "iam": ("Signature",),
}
"""The alternative schemes that authenticate a caller, in addition to the API key."""


def schemes(authorization: Authorization) -> Mapping[str, Any]:
    """Return the Security Scheme Objects, by name."""
    return _SCHEMES[authorization]


def required(route: Route, authorization: Authorization) -> list[dict[str, list[str]]]:
    """Return the Security Requirement Objects of a route; a caller must meet one of them."""
    roles = [route.scope] if authorization == "cognito" else []
    return [{"ApiKey": [], name: roles} for name in _REQUIRED[authorization]] or [{"ApiKey": []}]
