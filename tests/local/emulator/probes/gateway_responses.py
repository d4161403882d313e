"""Probes of gateway responses."""

import urllib.request
from urllib.parse import urlencode

from botocore.credentials import Credentials

from tests.support.authorization.signature import signed_headers
from tests.support.deployment.probed_emulator import ProbedEmulator, send


def fills_variables(emulator: ProbedEmulator) -> bool:
    return bool(emulator.post({"n": 1}, key=False)["where"] == "/probe/")


def requires_signature(emulator: ProbedEmulator) -> bool:
    url, _ = emulator.api
    headers = {"Authorization": "Bearer e30.e30.c2ln"}
    answer = send(urllib.request.Request(f"{url}nowhere", headers=headers))
    return bool(answer["kind"] == "DEFAULT_4XX")


def denies_missing_scopes(emulator: ProbedEmulator) -> bool:
    cognito = emulator.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="probe")["UserPool"]
    cognito.create_resource_server(
        UserPoolId=pool["Id"],
        Identifier="probe",
        Name="probe",
        Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in ("this", "other")],
    )
    client = cognito.create_user_pool_client(
        UserPoolId=pool["Id"],
        ClientName="probe",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["probe/this"],
    )["UserPoolClient"]
    form = {
        "grant_type": "client_credentials",
        "client_id": client["ClientId"],
        "client_secret": client["ClientSecret"],
    }
    token = send(urllib.request.Request(f"{emulator.url}/oauth2/token", urlencode(form).encode()))
    authorizer = emulator.client("apigateway").create_authorizer(
        restApiId=emulator.api_id,
        name="probe",
        type="COGNITO_USER_POOLS",
        providerARNs=[pool["Arn"]],
        identitySource="method.request.header.Authorization",
    )["id"]
    url = emulator.add_method(
        "DELETE",
        authorizationType="COGNITO_USER_POOLS",
        authorizerId=authorizer,
        authorizationScopes=["probe/other"],
    )
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    answer = send(urllib.request.Request(url, headers=headers, method="DELETE"))
    return bool(answer["kind"] == "ACCESS_DENIED")


def denies_through_the_api(emulator: ProbedEmulator) -> bool:
    url = emulator.add_method("PUT", authorizationType="AWS_IAM")
    stranger = Credentials(*emulator.assume_role(emulator.create_role("lambda.amazonaws.com")))
    headers = signed_headers(stranger, "PUT", url, {})
    answer = send(urllib.request.Request(url, headers=headers, method="PUT"))
    return answer.get("kind") == "ACCESS_DENIED"


def answers_for_failed_functions(emulator: ProbedEmulator) -> bool:
    return bool(emulator.post({"fail": 1}).get("kind") == "DEFAULT_5XX")
