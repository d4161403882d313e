"""Sign a user in as a browser does: with an authorization code and PKCE (RFC 7636)."""

import base64
import hashlib
import re
import secrets
import uuid
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3

from infra.spec.routes import SCOPES
from tests.support.authorization.access_tokens import token_url
from tests.support.deployment.service import Service

_HTTP = urllib3.PoolManager(retries=False)
_REDIRECT_URL = "http://127.0.0.1:4567/oauth2-redirect.html"


class BrowserSignIn:
    """A new user of the service's user pool, and the steps of the sign-in.

    Args:
        service: The service.
        user_pool: The user pool's id.
    """

    def __init__(self, service: Service, user_pool: str) -> None:
        cognito = service.client("cognito-idp")
        self.username = f"{uuid.uuid4().hex}@example.com"
        self.password = f"Aa1!{secrets.token_hex(8)}"
        user = cognito.admin_create_user(UserPoolId=user_pool, Username=self.username)["User"]
        cognito.admin_set_user_password(
            UserPoolId=user_pool, Username=self.username, Password=self.password, Permanent=True
        )
        attributes = {each["Name"]: each["Value"] for each in user["Attributes"]}
        self.subject: str = attributes["sub"]
        self.verifier = secrets.token_urlsafe(48)
        self._client = service.outputs["BrowserClientId"]
        self._url, self._token_url = service.endpoint.aws_endpoint_url, token_url(service)

    def code(self) -> str:
        """Submit the sign-in page, and return the authorization code of the redirect."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client_id": self._client,
            "redirect_uri": _REDIRECT_URL,
            "response_type": "code",
            "scope": " ".join(["openid", *SCOPES]),
            "state": "s",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        page = _HTTP.request("GET", f"{self._url}/oauth2/authorize?{urlencode(query)}")
        assert page.status == 200, page.data
        hidden_fields = re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.data.decode()
        )
        form = {name: unescape(value) for name, value in hidden_fields}
        form |= {"username": self.username, "password": self.password}
        redirect = _HTTP.request(
            "POST", f"{self._url}/login", fields=form, encode_multipart=False, redirect=False
        )
        assert redirect.status == 302, redirect.data
        assert redirect.headers["Location"].startswith(_REDIRECT_URL)
        (code,) = parse_qs(urlsplit(redirect.headers["Location"]).query)["code"]
        return code

    def exchange(self, code: str, verifier: str) -> urllib3.BaseHTTPResponse:
        """Exchange an authorization code for tokens, and return the response.

        Args:
            code: The authorization code.
            verifier: The PKCE code verifier.
        """
        form = {
            "grant_type": "authorization_code",
            "client_id": self._client,
            "redirect_uri": _REDIRECT_URL,
            "code": code,
            "code_verifier": verifier,
        }
        return _HTTP.request("POST", self._token_url, fields=form, encode_multipart=False)
