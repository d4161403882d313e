"""The settings that ``make`` passes to the local run."""

import pytest

from local.errors import LocalRunError
from local.settings import Settings, read_settings, refuse_changes


def test_settings_that_are_not_given_are_missing() -> None:
    assert read_settings({"PORT": "", "AUTHORIZATION": "", "OTHER": "1"}) == Settings()


def test_all_settings_are_read() -> None:
    variables = {"PORT": "4800", "STAGE": "prod", "AUTHORIZATION": "iam", "DEBUG": "read:5679"}
    settings = Settings(port=4800, stage="prod", authorization="iam", debug="read:5679")
    assert read_settings(variables) == settings


@pytest.mark.parametrize(
    ("name", "value", "choices"),
    [
        ("STAGE", "test", "dev, prod"),
        ("AUTHORIZATION", "none", "api-key, cognito, iam"),
        ("DEBUG", "1", "create, delete, read, update"),
        ("DEBUG", "read:http", "1024 to 65535"),
    ],
)
def test_an_invalid_setting_is_refused_with_the_choices(
    name: str, value: str, choices: str
) -> None:
    with pytest.raises(LocalRunError, match=choices):
        read_settings({name: value})


def test_a_missing_setting_and_the_same_setting_change_nothing() -> None:
    running = Settings(port=4800, stage="prod").resolve()
    assert running.authorization == "cognito"
    for given in (Settings(), running, Settings(authorization="cognito")):
        refuse_changes(given, running)


def test_the_same_stack_has_the_same_context_whether_its_settings_are_given_or_not() -> None:
    assert Settings().resolve().context == Settings().context
    assert "authorization=cognito" in Settings(authorization="cognito").context
    assert "authorization=cognito" not in Settings(stage="prod", authorization="cognito").context
