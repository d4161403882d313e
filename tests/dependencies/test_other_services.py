"""Every kind of fault of Parameter Store and of S3: no request fails because of them."""

import pytest

from common.aws.outcomes import ENVIRONMENT
from common.crud import configuration
from common.crud.configuration import Configuration
from tests.dependencies.conftest import Patience
from tests.support.entities import ENTITY, EXAMPLES, new_body, path_of
from tests.support.faults.kinds import KINDS
from tests.support.faults.server import Answer, HostileAws
from tests.support.http.function_api import Api, forget_parameters

each_kind = pytest.mark.parametrize("kind", KINDS)
INTACT = {
    "100 before the answer",
    "a late answer",
    "a second answer behind the first",
    "closed after the answer",
    "said to be compressed",
}
"""Kinds that leave an answer of Parameter Store as it is, besides those with wrong checksums: it
states none."""

ENDING = next((each for each in EXAMPLES.changes if each.target in ENTITY.ended), None)


@each_kind
def test_while_parameter_store_fails_the_defaults_serve(
    kind: str, aws: HostileAws, api: Api, patient: Patience
) -> None:
    if ENDING is None:
        pytest.skip(f"no {ENTITY.noun} ends")
    item = patient.create_with(ENDING.source)
    forget_parameters()
    aws.inject("ssm", KINDS[kind].fault, float("inf"))

    changed = patient(lambda: api("PATCH", path_of(item), ENDING.body))

    assert changed.status == 200
    assert changed.body["status"] == ENDING.target
    if KINDS[kind].is_retried and kind not in INTACT and "checksum" not in kind:
        assert configuration.current() == Configuration()
    assert ENVIRONMENT.is_usable is not KINDS[kind].refuses_credentials


@each_kind
def test_while_parameter_store_fails_the_last_good_values_serve(
    kind: str, aws: HostileAws, api: Api, patient: Patience, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_parameters()
    patient(lambda: api("GET", ENTITY.path, query={"limit": "1"}))
    known = configuration.current()
    assert known != Configuration()
    aws.inject("ssm", KINDS[kind].fault, float("inf"))
    monkeypatch.setattr(configuration._parameter(), "_refresh_at", 0.0)

    assert patient(lambda: api("GET", ENTITY.path)).status == 200

    assert configuration.current() == known


@each_kind
def test_no_fault_of_the_archive_reaches_the_caller(
    kind: str, aws: HostileAws, api: Api, patient: Patience
) -> None:
    aws.inject("s3", KINDS[kind].fault, float("inf"))

    assert patient(lambda: api("POST", ENTITY.path, new_body())).status == 201


def test_an_environment_ends_if_s3_refuses_its_credentials(
    aws: HostileAws, api: Api, patient: Patience
) -> None:
    body = b"<Error><Code>ExpiredToken</Code><Message>old</Message></Error>"
    aws.inject("s3", lambda exchange: exchange.send(Answer(400, {}, body)), 1)

    assert patient(lambda: api("POST", ENTITY.path, new_body())).status == 201

    assert not ENVIRONMENT.is_usable
