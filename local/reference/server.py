"""Serve the API reference: Swagger UI with the OpenAPI document of the deployed service.

The reference has another port than the API, and so another origin. So it shows what a page of an
allowed origin can do.
"""

import json
import mimetypes
import socket
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from infra.spec.paths import PROJECT
from infra.spec.routes import ROUTES
from infra.spec.stages import Authorization
from local.run_folder import Endpoint, RunFolder
from tools.openapi.document import document

_PAGE = Path(__file__).parent / "page"
_SWAGGER_UI = PROJECT / "node_modules" / "swagger-ui-dist"
_FILES = {
    "/": _PAGE / "index.html",
    "/start.js": _PAGE / "start.js",
    **{
        f"/{name}": _SWAGGER_UI / name
        for name in (
            "favicon-32x32.png",
            "oauth2-redirect.html",
            "oauth2-redirect.js",
            "swagger-ui-bundle.js",
            "swagger-ui.css",
        )
    },
}


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens on ``port``, or on a free port if that is in use."""
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError):
        return socket.create_server((host, 0))


def reference_url(listener: socket.socket) -> str:
    """Return the URL of the reference, which is also its origin."""
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def serve_reference(listener: socket.socket, run_folder: RunFolder) -> None:
    """Serve the reference of the deployed service for as long as this process lives."""
    server = ThreadingHTTPServer(
        listener.getsockname(), partial(_Handler, run_folder=run_folder), bind_and_activate=False
    )
    server.socket.close()
    server.socket = listener
    server.serve_forever()


def openapi_document(endpoint: Endpoint) -> dict[str, Any]:
    """Return the OpenAPI document with the URLs of the deployed API and its sign-in."""
    document = _document(endpoint)
    document["servers"] = [{"url": endpoint.api_url, "description": "The local run"}]
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                # Swagger UI would send the example of If-Match, and the API refuse the old ETag.
                if not parameter.get("required"):
                    parameter.pop("example", None)
    for scheme in document["components"]["securitySchemes"].values():
        # A page must not handle the secret of a machine client.
        scheme.get("flows", {}).pop("clientCredentials", None)
        for flow in scheme.get("flows", {}).values():
            for url in ("authorizationUrl", "tokenUrl"):
                if url in flow:
                    path = flow[url].rpartition("/oauth2/")[2]
                    flow[url] = f"{endpoint.aws_endpoint_url}/oauth2/{path}"
    return document


def _document(endpoint: Endpoint) -> dict[str, Any]:
    authorization = cast(Authorization, endpoint.outputs["Authorization"])
    return document(authorization)


def sign_in_settings(endpoint: Endpoint) -> dict[str, Any]:
    """Return the settings for Swagger UI to sign in; empty if the API has no sign-in."""
    if "BrowserClientId" not in endpoint.outputs:
        return {}
    return {
        "clientId": endpoint.outputs["BrowserClientId"],
        "scopes": sorted({route.scope for route in ROUTES}),
        "usePkceWithAuthorizationCodeGrant": True,
    }


def api_keys(endpoint: Endpoint) -> dict[str, str]:
    """Return the API key for each security scheme that expects it, by the scheme's name."""
    schemes = _document(endpoint)["components"]["securitySchemes"]
    return {
        name: endpoint.api_key
        for name, scheme in schemes.items()
        if scheme.get("name") == "x-api-key"
    }


_DOCUMENTS: dict[str, Callable[[Endpoint], dict[str, Any]]] = {
    "/openapi.json": openapi_document,
    "/keys.json": api_keys,
    "/sign-in.json": sign_in_settings,
}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, *args: Any, run_folder: RunFolder) -> None:
        self._run_folder = run_folder
        super().__init__(*args)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        endpoint = self._run_folder.read_endpoint()
        if endpoint is None:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "Nothing is deployed yet")
        elif path in _DOCUMENTS:
            body = json.dumps(_DOCUMENTS[path](endpoint)).encode()
            self._send("application/json", body, endpoint)
        elif path in _FILES:
            media_type, _ = mimetypes.guess_type(_FILES[path].name)
            assert media_type
            self._send(media_type, _FILES[path].read_bytes(), endpoint)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _send(self, media_type: str, body: bytes, endpoint: Endpoint) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        # The page runs no other scripts, and connects only to the emulator.
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'self'; connect-src 'self' {endpoint.aws_endpoint_url}; "
            "img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: this process's output is the emulator's log."""
