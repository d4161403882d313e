"""The settings of the local run, which ``make`` passes as environment variables."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from infra.spec.paths import FUNCTION_SOURCES
from infra.spec.stages import AUTHORIZATIONS, STAGES, Authorization
from local.errors import LocalRunError

Name = TypeVar("Name", bound=str)

DEFAULT_PORT = 4566
DEFAULT_STAGE = "dev"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a run. A field is None unless it was given or the run has it."""

    port: int | None = None
    """The emulator's port."""
    stage: str | None = None
    """The stage whose template is deployed."""
    authorization: Authorization | None = None
    """The authorization instead of the stage's own."""
    debug: str | None = None
    """The function that connects to a debugger, and optionally a colon and the debugger's port."""

    def resolve(self) -> "Settings":
        """Return the settings with a default for each missing one that has a default."""
        stage = self.stage or DEFAULT_STAGE
        return replace(
            self,
            port=self.port or DEFAULT_PORT,
            stage=stage,
            authorization=self.authorization or STAGES[stage].authorization,
        )

    @property
    def stack(self) -> str:
        """The name of the stack."""
        return STAGES[self.stage or DEFAULT_STAGE].stack

    @property
    def context(self) -> tuple[str, ...]:
        """The arguments that give the settings to the CDK app."""
        stage = STAGES[self.stage or DEFAULT_STAGE]
        authorization = self.authorization or stage.authorization
        # The stage's own is not an argument, so that the same app has the same ones.
        own = authorization == stage.authorization
        return (
            *("-c", f"stage={stage.name}", "-c", "credentials=cli"),
            *(() if own else ("-c", f"authorization={authorization}")),
        )


def _port(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65_535:
        raise LocalRunError(f"PORT={text} is not a port; choose one from 1024 to 65535.")
    return int(text)


def _choice(environment: Mapping[str, str], name: str, choices: Collection[Name]) -> Name | None:
    text = environment.get(name)
    if not text:
        return None
    for choice in choices:
        if text == choice:
            return choice
    raise LocalRunError(f"{name}={text} is unknown; choose one of {', '.join(choices)}.")


def _debug(environment: Mapping[str, str]) -> str | None:
    function, _, port = environment.get("DEBUG", "").partition(":")
    functions = sorted(path.parent.name for path in FUNCTION_SOURCES.glob("*/handler.py"))
    if _choice({"DEBUG": function}, "DEBUG", functions) and port:
        _port(port)
    return environment.get("DEBUG") or None


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in ``environment``. An empty variable counts as missing.

    Raises:
        LocalRunError: A setting has an invalid value.
    """
    port = environment.get("PORT")
    return Settings(
        port=_port(port) if port else None,
        stage=_choice(environment, "STAGE", STAGES),
        authorization=_choice(environment, "AUTHORIZATION", AUTHORIZATIONS),
        debug=_debug(environment),
    )


def refuse_changes(given: Settings, running: Settings) -> None:
    """Refuse settings that a service that is running does not have.

    Raises:
        LocalRunError: A given setting differs from that of the running service.
    """
    for name in ("port", "stage", "authorization", "debug"):
        wanted, actual = getattr(given, name), getattr(running, name)
        if wanted is not None and wanted != actual:
            state = f"with {name.upper()}={actual}" if actual else f"without {name.upper()}"
            raise LocalRunError(
                f"The service is running {state}, which {name.upper()}={wanted} cannot change."
                f" Stop it with `make down` first, or leave {name.upper()} out."
            )
