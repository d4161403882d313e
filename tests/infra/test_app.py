"""The context that ``cdk -c`` passes to the app."""

import pytest
from aws_cdk import App, CliCredentialsStackSynthesizer

from app import stage_from_context, synthesizer_from_context


def test_the_default_stage_is_dev() -> None:
    assert stage_from_context(App()).name == "dev"


def test_the_context_selects_a_stage() -> None:
    assert stage_from_context(App(context={"stage": "prod"})).name == "prod"


def test_an_unknown_stage_is_an_error_that_names_the_stages() -> None:
    with pytest.raises(SystemExit, match=r"Unknown stage 'qa'.*dev\|prod"):
        stage_from_context(App(context={"stage": "qa"}))


def test_the_context_overrides_the_authorization() -> None:
    assert stage_from_context(App(context={"authorization": "iam"})).authorization == "iam"
    assert stage_from_context(App(context={"stage": "prod"})).authorization == "cognito"


def test_an_unknown_authorization_is_an_error_that_names_the_authorizations() -> None:
    with pytest.raises(SystemExit, match=r"Unknown authorization 'none'.*api-key\|cognito\|iam"):
        stage_from_context(App(context={"authorization": "none"}))


def test_the_context_selects_the_credentials_of_the_cli() -> None:
    synthesizer = synthesizer_from_context(App(context={"credentials": "cli"}))
    assert isinstance(synthesizer, CliCredentialsStackSynthesizer)


def test_by_default_the_roles_of_the_bootstrap_stack_deploy() -> None:
    assert synthesizer_from_context(App()) is None


def test_unknown_credentials_are_an_error_that_names_the_alternative() -> None:
    with pytest.raises(SystemExit, match="-c credentials=cli"):
        synthesizer_from_context(App(context={"credentials": "env"}))
