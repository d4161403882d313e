"""A user signs in with a browser, by hand or on the API reference."""

import json
import secrets
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.support.authorization.access_tokens import token_caller
from tests.support.authorization.browser_sign_in import BrowserSignIn
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY, new_body


def test_a_user_who_signs_in_with_a_browser_is_the_caller(service: Service, user_pool: str) -> None:
    sign_in = BrowserSignIn(service, user_pool)
    tokens = sign_in.exchange(sign_in.code(), sign_in.verifier).json()
    caller = token_caller(service, tokens["access_token"])
    created = caller("POST", ENTITY.path, new_body())
    assert (created.status, created.body["created_by"]) == (201, sign_in.subject)
    assert caller("GET", ENTITY.path).status == 200


def test_a_code_is_useless_without_its_verifier(service: Service, user_pool: str) -> None:
    sign_in = BrowserSignIn(service, user_pool)
    response = sign_in.exchange(sign_in.code(), secrets.token_urlsafe(48))
    assert (response.status, response.json()["error"]) == (400, "invalid_grant")


def test_an_identity_token_gives_no_access(service: Service, user_pool: str) -> None:
    sign_in = BrowserSignIn(service, user_pool)
    id_token = sign_in.exchange(sign_in.code(), sign_in.verifier).json()["id_token"]
    assert token_caller(service, id_token)("GET", ENTITY.path).status == 403


def test_the_reference_describes_the_sign_in(service: Service) -> None:
    reference = service.run_folder.read_run().reference_url

    def fetch(name: str) -> Any:
        with urlopen(f"{reference}/{name}") as response:
            return json.load(response) if name.endswith(".json") else response.read()

    flows = fetch("openapi.json")["components"]["securitySchemes"]["SignIn"]["flows"]
    url = f"{service.endpoint.aws_endpoint_url}/oauth2"
    assert flows.keys() == {"authorizationCode"}
    assert flows["authorizationCode"]["authorizationUrl"] == f"{url}/authorize"
    assert flows["authorizationCode"]["tokenUrl"] == f"{url}/token"
    assert fetch("sign-in.json")["clientId"] == service.outputs["BrowserClientId"]
    assert fetch("keys.json") == {"ApiKey": service.api_key}
    assert b"oauth2-redirect.js" in fetch("oauth2-redirect.html")


@pytest.fixture
def reference_url(service: Service, user_pool: str) -> str:
    """The URL of the reference, added to the URLs that a sign-in may redirect to."""
    url = service.run_folder.read_run().reference_url
    assert url
    cognito, client_id = service.client("cognito-idp"), service.outputs["BrowserClientId"]
    client = cognito.describe_user_pool_client(UserPoolId=user_pool, ClientId=client_id)
    settings = client["UserPoolClient"]
    settings["CallbackURLs"] = [*settings["CallbackURLs"], f"{url}/oauth2-redirect.html"]
    read_only = {"CreationDate", "LastModifiedDate", "ClientSecret"}
    cognito.update_user_pool_client(
        **{name: value for name, value in settings.items() if value and name not in read_only}
    )
    return url


def test_a_user_signs_in_on_the_reference_and_tries_a_route(
    service: Service, user_pool: str, page: Page, reference_url: str
) -> None:
    sign_in = BrowserSignIn(service, user_pool)
    page.goto(reference_url)
    page.locator(".auth-wrapper .authorize").first.click()
    form = page.locator(".auth-container").filter(has_text="SignIn (OAuth2")
    with page.expect_popup() as popup:
        form.locator("button.authorize").click()
    popup.value.locator("input[name=username]").fill(sign_in.username)
    popup.value.locator("input[name=password]").fill(sign_in.password)
    popup.value.locator("button[type=submit]").click()
    expect(form.get_by_text("Logout")).to_be_visible()
    form.locator(".btn-done").click()
    operation = page.locator(".opblock-get").filter(has_text=f"List {ENTITY.plural}")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    status = operation.locator(".live-responses-table .response .response-col_status")
    expect(status).to_contain_text("200")
