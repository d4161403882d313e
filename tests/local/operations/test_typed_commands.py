"""The CDK as people type it after ``make setup``: from any shell, without an active environment."""

import json
from collections.abc import Iterator

import pytest

from infra.spec.paths import BUILD
from infra.spec.stages import STAGES
from tests.support.deployment.project_copy import forget_assemblies
from tests.support.deployment.typed_commands import Account, empty_account

STACK = STAGES["dev"].stack


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with empty_account(tmp_path_factory.mktemp("typed")) as account:
        forget_assemblies(account.project)
        # The emulator does not accept the roles of the bootstrap stack for assets.
        file = account.project / "cdk.json"
        settings = json.loads(file.read_text())
        settings["context"]["credentials"] = "cli"
        file.write_text(json.dumps(settings))
        yield account


def test_ls_lists_the_stack_of_the_stage(account: Account) -> None:
    assert STACK in account.succeed("npx cdk ls").splitlines()


def test_synth_prints_the_template(account: Account) -> None:
    assert "AWS::DynamoDB::Table" in account.succeed("npx cdk synth")


def test_ls_and_synth_share_one_synthesis(account: Account) -> None:
    account.succeed("npx cdk ls")
    account.succeed("npx cdk synth --quiet")
    assert len(list((account.project / BUILD.name).glob("assembly-*"))) == 1


@pytest.mark.mission("used-by: `cdk deploy`, per-function unit tests, X-Ray service map inspection")
def test_bootstrap_deploy_and_diff_reach_the_account(account: Account) -> None:
    account.succeed("npx cdk bootstrap")
    account.succeed("npx cdk deploy --require-approval never")
    assert account.stack(STACK)["StackStatus"] == "CREATE_COMPLETE"
    assert "There were no differences" in account.succeed("npx cdk diff")


def test_make_bootstrap_prepares_the_account(account: Account) -> None:
    account.succeed("make bootstrap")
    assert account.stack("CDKToolkit")["StackStatus"].endswith("_COMPLETE")


def test_before_the_setup_one_sentence_says_what_to_type(account: Account) -> None:
    environment = account.project / ".venv"
    target = environment.readlink()
    environment.unlink()
    try:
        first = account.fail("npx cdk ls").splitlines()[0]
    finally:
        environment.symlink_to(target)
    assert first == "Run `make setup` first: it installs what the CDK app needs into this folder."
