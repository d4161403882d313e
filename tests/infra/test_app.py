"""What can be said on the command line."""

import pytest
from aws_cdk import App, CliCredentialsStackSynthesizer

from app import stage_from_context, synthesizer_from_context


def test_without_a_word_it_is_dev() -> None:
    assert stage_from_context(App()).name == "dev"


def test_a_stage_can_be_chosen() -> None:
    assert stage_from_context(App(context={"stage": "prod"})).name == "prod"


def test_an_unknown_stage_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(SystemExit, match=r"Unknown stage 'qa'.*dev\|prod"):
        stage_from_context(App(context={"stage": "qa"}))


def test_a_stage_can_be_tried_with_another_authorization() -> None:
    assert stage_from_context(App(context={"authorization": "iam"})).authorization == "iam"
    assert stage_from_context(App(context={"stage": "prod"})).authorization == "cognito"


def test_an_unknown_authorization_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(SystemExit, match=r"Unknown authorization 'none'.*api-key\|cognito\|iam"):
        stage_from_context(App(context={"authorization": "none"}))


def test_the_caller_can_deploy_with_credentials_of_their_own() -> None:
    synthesizer = synthesizer_from_context(App(context={"credentials": "cli"}))
    assert isinstance(synthesizer, CliCredentialsStackSynthesizer)


def test_without_a_word_the_roles_of_the_bootstrap_stack_deploy() -> None:
    assert synthesizer_from_context(App()) is None


def test_unknown_credentials_are_refused_with_what_to_say_instead() -> None:
    with pytest.raises(SystemExit, match="-c credentials=cli"):
        synthesizer_from_context(App(context={"credentials": "env"}))
