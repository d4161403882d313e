"""The API reference of the local run: an OpenAPI viewer in which every request can be tried.

It is on another port, and so of another origin, than the API: what works in it works in the
page of anybody whom the stage allows.
"""

import json
import mimetypes
import socket
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
_VIEWER = PROJECT / "node_modules" / "swagger-ui-dist"
_FILES = {
    "/": _PAGE / "index.html",
    "/start.js": _PAGE / "start.js",
    **{
        f"/{name}": _VIEWER / name
        for name in (
            "favicon-32x32.png",
            "oauth2-redirect.html",
            "oauth2-redirect.js",
            "swagger-ui-bundle.js",
            "swagger-ui.css",
        )
    },
}


def listen(host: str, port: int) -> socket.socket:
    """A socket for :func:`serve` that listens on ``port``, or on a free one if that is in use."""
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError):
        return socket.create_server((host, 0))


def reference_url(listener: socket.socket) -> str:
    """The address to open in a browser, which is also the page's origin."""
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def serve(listener: socket.socket, run_folder: RunFolder) -> None:
    """Serve the reference of what is deployed, for as long as this process lives."""
    server = ThreadingHTTPServer(
        listener.getsockname(), partial(_Handler, run_folder=run_folder), bind_and_activate=False
    )
    server.socket.close()
    server.socket = listener
    server.serve_forever()


def document_for(endpoint: Endpoint) -> dict[str, Any]:
    """The OpenAPI document, with the deployed API as its only server, and its sign-in."""
    document = _document(endpoint)
    document["servers"] = [{"url": endpoint.api_url, "description": "The local run"}]
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                # The viewer would fill it in, and a first try be refused for its old ETag.
                if not parameter.get("required"):
                    parameter.pop("example", None)
    for scheme in document["components"]["securitySchemes"].values():
        # No page gets hold of what a machine signs in with.
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


def sign_in_for(endpoint: Endpoint) -> dict[str, Any]:
    """What the viewer needs to know to sign somebody in; nothing where nobody can."""
    if "BrowserClientId" not in endpoint.outputs:
        return {}
    return {
        "clientId": endpoint.outputs["BrowserClientId"],
        "scopes": sorted({route.scope for route in ROUTES}),
        "usePkceWithAuthorizationCodeGrant": True,
    }


def keys_for(endpoint: Endpoint) -> dict[str, str]:
    """The API key, by the names of the security schemes that take it."""
    schemes = _document(endpoint)["components"]["securitySchemes"]
    return {name: endpoint.api_key for name, it in schemes.items() if it.get("name") == "x-api-key"}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, *args: Any, run_folder: RunFolder) -> None:
        self._run_folder = run_folder
        super().__init__(*args)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        endpoint = self._run_folder.read_endpoint()
        if endpoint is None:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "Nothing is deployed yet")
        elif path == "/openapi.json":
            self._send("application/json", json.dumps(document_for(endpoint)).encode(), endpoint)
        elif path == "/keys.json":
            self._send("application/json", json.dumps(keys_for(endpoint)).encode(), endpoint)
        elif path == "/sign-in.json":
            self._send("application/json", json.dumps(sign_in_for(endpoint)).encode(), endpoint)
        elif path in _FILES:
            type_, _ = mimetypes.guess_type(_FILES[path].name)
            assert type_
            self._send(type_, _FILES[path].read_bytes(), endpoint)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _send(self, type_: str, body: bytes, endpoint: Endpoint) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        # Nothing from elsewhere is run, and nobody but the API is talked to.
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'self'; connect-src 'self' {endpoint.aws_endpoint_url}; "
            "img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the emulator's log for the emulator."""
