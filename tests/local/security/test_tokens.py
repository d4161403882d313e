"""Callers with access tokens, on a stage that asks for them."""

import base64
import dataclasses
import hashlib
import json
import os
import re
import secrets
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest
import urllib3
from playwright.sync_api import Page, expect

from infra.spec.paths import PROJECT
from infra.spec.routes import Route
from local.examples import examples
from local.run_folder import Home
from ops import deployment
from ops.commands import token
from ops.deployment import Target
from tests.support.authorization.every_route import (
    NEW_JOB,
    call_route,
    each_route,
    new_job_ids,
    refusal_status,
    required_access,
    succeeds,
)
from tests.support.deployment.printed_examples import run_examples
from tests.support.deployment.service import Service, deployed
from tests.support.deployment.stack_contents import stack_contents
from tests.support.http.caller import Caller, bearer_auth
from tests.support.logs.log_groups import access_log_lines, canonical_lines, logged_lines
from tests.support.waiting import wait_until

HTTP = urllib3.PoolManager(retries=False)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, on a stage whose callers have access tokens."""
    with deployed(Home(tmp_path_factory.mktemp("cognito")), "cognito") as service:
        yield service


@dataclasses.dataclass(frozen=True)
class Machine:
    """A client that gets tokens with a secret of its own."""

    url: str
    id: str
    secret: str

    def token(self, scope: str) -> str:
        answer = HTTP.request(
            "POST",
            self.url,
            fields={"grant_type": "client_credentials", "scope": scope},
            encode_multipart=False,
            headers=urllib3.make_headers(basic_auth=f"{self.id}:{self.secret}"),
        )
        assert answer.status == 200, answer.data
        granted: str = answer.json()["access_token"]
        return granted


def machine(service: Service, pool: str, **more: Any) -> Machine:
    """A further machine of a user pool."""
    made = service.client("cognito-idp").create_user_pool_client(
        UserPoolId=pool,
        ClientName="another",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["jobs/read", "jobs/write"],
        **more,
    )["UserPoolClient"]
    url = f"{service.endpoint.aws_endpoint_url}/oauth2/token"
    return Machine(url, made["ClientId"], made["ClientSecret"])


@pytest.fixture(scope="module")
def pool(service: Service) -> str:
    return service.outputs["AuthorizationUserPoolUsers"]


@pytest.fixture(scope="module")
def foreign_machine(service: Service) -> Machine:
    """A machine of another user pool, with scopes of the same names."""
    cognito = service.client("cognito-idp")
    other: str = cognito.create_user_pool(PoolName="foreign")["UserPool"]["Id"]
    cognito.create_resource_server(
        UserPoolId=other,
        Identifier="jobs",
        Name="jobs",
        Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")],
    )
    return machine(service, other)


@pytest.fixture(scope="module")
def credentials(service: Service) -> Mapping[str, str]:
    """What the machine of the stack signs in with."""
    parameter = service.client("ssm").get_parameter(
        Name=service.outputs["MachineCredentials"], WithDecryption=True
    )["Parameter"]
    assert parameter["Type"] == "SecureString"
    found: Mapping[str, str] = json.loads(parameter["Value"])
    return found


@pytest.fixture(scope="module")
def worker(service: Service, credentials: Mapping[str, str]) -> Machine:
    """The machine of the stack."""
    url = f"{service.endpoint.aws_endpoint_url}/oauth2/token"
    return Machine(url, credentials["client_id"], credentials["client_secret"])


def caller(service: Service, token: str | None) -> Caller:
    auth = bearer_auth(token) if token else None
    return Caller(service.api_url, service.api_key, "cognito", auth)


@pytest.fixture(scope="module")
def reader(service: Service, worker: Machine) -> Caller:
    return caller(service, worker.token("jobs/read"))


@pytest.fixture(scope="module")
def writer(service: Service, worker: Machine) -> Caller:
    return caller(service, worker.token("jobs/write"))


@each_route
def test_a_route_refuses_whoever_has_no_token(
    route: Route, service: Service, writer: Caller
) -> None:
    job_id = next(new_job_ids(writer))
    for nobody in (caller(service, None), caller(service, "x"), caller(service, "e30.e30.e30")):
        assert refusal_status(route, nobody, job_id) == 401
        assert call_route(route, nobody, job_id).headers["WWW-Authenticate"] == "Bearer"


@each_route
def test_a_route_refuses_a_token_of_another_user_pool(
    route: Route, service: Service, writer: Caller, foreign_machine: Machine
) -> None:
    foreign = caller(service, foreign_machine.token(f"jobs/{required_access(route)}"))
    assert refusal_status(route, foreign, next(new_job_ids(writer))) == 401


@each_route
def test_a_route_refuses_a_token_that_somebody_has_changed(
    route: Route, service: Service, writer: Caller, worker: Machine
) -> None:
    wrong = "jobs/write" if required_access(route) == "read" else "jobs/read"
    header, claims, signature = worker.token(wrong).split(".")
    changed = base64.urlsafe_b64decode(claims + "==").replace(
        wrong.encode(), f"jobs/{required_access(route)}".encode()
    )
    forged = f"{header}.{base64.urlsafe_b64encode(changed).decode().rstrip('=')}.{signature}"
    assert refusal_status(route, caller(service, forged), next(new_job_ids(writer))) == 401


def test_every_route_refuses_a_token_that_has_expired(
    service: Service, pool: str, writer: Caller
) -> None:
    # Less than AWS allows, which is five minutes.
    brief = machine(
        service, pool, AccessTokenValidity=1, TokenValidityUnits={"AccessToken": "seconds"}
    )
    late = caller(service, brief.token("jobs/read jobs/write"))
    wait_until(lambda: late("GET", "/jobs").status == 401)
    jobs = new_job_ids(writer)
    for route in each_route.args[1]:
        assert refusal_status(route, late, next(jobs)) == 401


@each_route
def test_a_route_refuses_a_token_with_another_scope_and_takes_one_with_its_own(
    route: Route, reader: Caller, writer: Caller
) -> None:
    job_id = next(new_job_ids(writer))
    allowed, denied = (reader, writer) if required_access(route) == "read" else (writer, reader)
    assert refusal_status(route, denied, job_id) == 403
    assert succeeds(route, allowed, job_id)


@each_route
def test_a_token_without_an_api_key_is_not_enough(
    route: Route, reader: Caller, writer: Caller
) -> None:
    allowed = reader if required_access(route) == "read" else writer
    keyless = dataclasses.replace(allowed, api_key=None)
    assert refusal_status(route, keyless, next(new_job_ids(writer))) == 403


def test_a_browser_may_ask_before_it_has_a_token(service: Service) -> None:
    preflight = caller(service, None)("OPTIONS", "/jobs")
    assert preflight.status == 204
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


def test_a_path_that_is_not_there_is_not_found_with_a_token_and_without(
    service: Service, reader: Caller
) -> None:
    for each in (reader, caller(service, None)):
        assert each("GET", "/nowhere").status == 404


def test_two_machines_never_share_a_job_by_their_idempotency_keys(
    service: Service, pool: str, worker: Machine
) -> None:
    keyed, other = {"Idempotency-Key": uuid.uuid4().hex}, machine(service, pool)
    seen: dict[str, list[tuple[int, str]]] = {}
    for each in (worker, worker, other):
        answer = caller(service, each.token("jobs/write"))("POST", "/jobs", NEW_JOB, headers=keyed)
        (line,) = canonical_lines(logged_lines(service, "create", answer.headers["X-Request-Id"]))
        assert line["caller"] == answer.body["created_by"] == each.id
        (access,) = access_log_lines(service, answer.headers["X-Request-Id"])
        assert access["caller"] == each.id
        seen.setdefault(each.id, []).append((answer.status, answer.body["job_id"]))
    (first, again), (others,) = seen[worker.id], seen[other.id]
    assert (first[0], again[0], others[0]) == (201, 200, 201)
    assert first[1] == again[1] != others[1]


def test_what_is_read_is_the_same_for_every_caller(
    service: Service, pool: str, reader: Caller, writer: Caller
) -> None:
    job_id = next(new_job_ids(writer))
    other = caller(service, machine(service, pool).token("jobs/read"))
    assert reader("GET", f"/jobs/{job_id}").text == other("GET", f"/jobs/{job_id}").text


class SignIn:
    """A person who signs in with a browser, by code and PKCE (RFC 7636)."""

    def __init__(self, service: Service, pool: str) -> None:
        cognito, self.password = service.client("cognito-idp"), f"Aa1!{secrets.token_hex(8)}"
        self.subject, self._url = "", service.endpoint.aws_endpoint_url
        name = f"{uuid.uuid4().hex}@example.com"
        user = cognito.admin_create_user(UserPoolId=pool, Username=name)["User"]
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=name, Password=self.password, Permanent=True
        )
        self.subject = next(each["Value"] for each in user["Attributes"] if each["Name"] == "sub")
        self.name, self._client = name, service.outputs["BrowserClientId"]
        self._back = "http://127.0.0.1:4567/oauth2-redirect.html"
        self.verifier = secrets.token_urlsafe(48)

    def code(self) -> str:
        """The code that the sign-in sends the browser back with."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "client_id": self._client,
            "redirect_uri": self._back,
            "response_type": "code",
            "scope": "openid jobs/read jobs/write",
            "state": "s",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        page = HTTP.request("GET", f"{self._url}/oauth2/authorize?{urlencode(asked)}")
        assert page.status == 200, page.data
        hidden = re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.data.decode()
        )
        form = {name: unescape(value) for name, value in hidden}
        form |= {"username": self.name, "password": self.password}
        back = HTTP.request(
            "POST", f"{self._url}/login", fields=form, encode_multipart=False, redirect=False
        )
        assert back.status == 302, back.data
        assert back.headers["Location"].startswith(self._back)
        (code,) = parse_qs(urlsplit(back.headers["Location"]).query)["code"]
        return code

    def exchange(self, code: str, verifier: str) -> urllib3.BaseHTTPResponse:
        """What the code is exchanged for."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self._client,
            "redirect_uri": self._back,
            "code": code,
            "code_verifier": verifier,
        }
        return HTTP.request(
            "POST", f"{self._url}/oauth2/token", fields=form, encode_multipart=False
        )


def test_a_person_signs_in_with_a_browser_and_is_the_caller(service: Service, pool: str) -> None:
    person = SignIn(service, pool)
    granted = person.exchange(person.code(), person.verifier).json()
    signed_in = caller(service, granted["access_token"])
    created = signed_in("POST", "/jobs", NEW_JOB)
    assert (created.status, created.body["created_by"]) == (201, person.subject)
    assert signed_in("GET", "/jobs").status == 200


def test_a_code_is_of_no_use_to_who_has_not_asked_for_it(service: Service, pool: str) -> None:
    person = SignIn(service, pool)
    refused = person.exchange(person.code(), secrets.token_urlsafe(48))
    assert (refused.status, refused.json()["error"]) == (400, "invalid_grant")


def test_who_a_person_is_allows_nothing(service: Service, pool: str) -> None:
    person = SignIn(service, pool)
    identity = person.exchange(person.code(), person.verifier).json()["id_token"]
    assert caller(service, identity)("GET", "/jobs").status == 403


def ops(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROJECT / ".venv" / "bin" / "ops", "token", *arguments],
        env={**os.environ, deployment.HOME: str(service.home.folder)},
        capture_output=True,
        text=True,
    )


def test_an_operator_gets_a_token_that_works_and_nothing_else(
    service: Service, credentials: Mapping[str, str]
) -> None:
    done = ops(service)
    assert done.returncode == 0, done.stderr
    (printed,) = done.stdout.splitlines()
    assert caller(service, printed)("POST", "/jobs", NEW_JOB).status == 201
    assert credentials["client_secret"] not in done.stdout + done.stderr


def test_an_operator_can_ask_for_less(service: Service) -> None:
    told = json.loads(ops(service, "--access", "read", "--json").stdout)
    assert told == {"access_token": told["access_token"], "expires_in": 3600, "scope": "jobs/read"}
    allowed = caller(service, told["access_token"])
    assert (allowed("GET", "/jobs").status, allowed("POST", "/jobs", NEW_JOB).status) == (200, 403)


def test_an_access_that_there_is_not_is_a_mistake_of_the_operator(service: Service) -> None:
    done = ops(service, "--access", "admin")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "There is no access admin; there are read, write.\n"


def test_a_refusal_is_told_without_the_secret(
    service: Service, credentials: Mapping[str, str]
) -> None:
    ssm, name = service.client("ssm"), service.outputs["MachineCredentials"]
    stale = {**credentials, "client_secret": "stale-secret"}
    ssm.put_parameter(Name=name, Value=json.dumps(stale), Type="SecureString", Overwrite=True)
    try:
        with pytest.raises(token.NoToken, match="invalid_client") as refused:
            token.fetch(Target(service.outputs, service.endpoint.aws_endpoint_url))
    finally:
        ssm.put_parameter(
            Name=name, Value=json.dumps(credentials), Type="SecureString", Overwrite=True
        )
    assert "stale-secret" not in str(refused.value)


def test_the_secret_and_the_tokens_are_in_no_template_asset_event_output_or_line(
    service: Service, credentials: Mapping[str, str], worker: Machine
) -> None:
    given = worker.token("jobs/read")
    read = caller(service, given)("GET", "/jobs")
    logged_lines(service, "read", read.headers["X-Request-Id"])
    written = dict(stack_contents(service))
    maker = service.outputs["AuthorizationUserPoolMachineClientLogs"]
    assert b"REPORT" in written[f"log: {maker}"]
    assert credentials["client_id"].encode() in written["outputs"]
    for secret in (credentials["client_secret"], given, given.rpartition(".")[2]):
        assert [where for where, text in written.items() if secret.encode() in text] == []


def test_a_worker_finds_all_that_it_needs_in_one_parameter(
    service: Service, credentials: Mapping[str, str]
) -> None:
    assert credentials.keys() == {"client_id", "client_secret", "token_url", "scope"}
    assert credentials["token_url"] == f"{service.outputs['SignInUrl']}/oauth2/token"
    assert credentials["scope"] == "jobs/read jobs/write"


def test_the_reference_knows_where_to_sign_in(service: Service) -> None:
    reference = service.home.current().reference_url

    def served(name: str) -> Any:
        with urlopen(f"{reference}/{name}") as answer:
            return json.load(answer) if name.endswith(".json") else answer.read()

    flows = served("openapi.json")["components"]["securitySchemes"]["SignIn"]["flows"]
    url = f"{service.endpoint.aws_endpoint_url}/oauth2"
    assert flows.keys() == {"authorizationCode"}
    assert flows["authorizationCode"]["authorizationUrl"] == f"{url}/authorize"
    assert flows["authorizationCode"]["tokenUrl"] == f"{url}/token"
    assert served("sign-in.json")["clientId"] == service.outputs["BrowserClientId"]
    assert served("keys.json") == {"ApiKey": service.api_key}
    assert b"oauth2-redirect.js" in served("oauth2-redirect.html")


@pytest.fixture
def reference_url(service: Service, pool: str) -> str:
    """The reference, to which those who sign in may come back, whatever port it has got."""
    url = service.home.current().reference_url
    assert url
    cognito, client = service.client("cognito-idp"), service.outputs["BrowserClientId"]
    known = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    changed = known | {"CallbackURLs": [*known["CallbackURLs"], f"{url}/oauth2-redirect.html"]}
    made = {"CreationDate", "LastModifiedDate", "ClientSecret"}
    cognito.update_user_pool_client(**{k: v for k, v in changed.items() if v and k not in made})
    return url


def test_a_person_signs_in_on_the_reference_and_tries_a_route(
    service: Service, pool: str, page: Page, reference_url: str
) -> None:
    person = SignIn(service, pool)
    page.goto(reference_url)
    page.locator(".auth-wrapper .authorize").first.click()
    form = page.locator(".auth-container").filter(has_text="SignIn (OAuth2")
    with page.expect_popup() as opened:
        form.locator("button.authorize").click()
    opened.value.locator("input[name=username]").fill(person.name)
    opened.value.locator("input[name=password]").fill(person.password)
    opened.value.locator("button[type=submit]").click()
    expect(form.get_by_text("Logout")).to_be_visible()
    form.locator(".btn-done").click()
    part = page.locator(".opblock-get").filter(has_text="List jobs")
    part.locator(".opblock-summary-control").click()
    part.get_by_role("button", name="Execute").click()
    status = part.locator(".live-responses-table .response .response-col_status")
    expect(status).to_contain_text("200")


def test_the_printed_examples_work_when_they_are_pasted(service: Service) -> None:
    assert run_examples(service) == [
        each.status for each in examples(service.endpoint) if each.status
    ]


def test_the_smoke_test_proves_itself(service: Service) -> None:
    done = subprocess.run(
        [PROJECT / ".venv" / "bin" / "ops", "smoke", "--json"],
        env={**os.environ, deployment.HOME: str(service.home.folder)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, json.loads(done.stdout)["passed"]) == (0, True), done.stdout
