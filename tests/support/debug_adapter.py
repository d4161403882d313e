"""A debugger that listens for a process, as an editor does: a client of debugpy's adapter.

https://microsoft.github.io/debug-adapter-protocol/specification
"""

import json
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.waiting import wait_until


class DebugAdapter:
    """Listens for one process, and stops it at a breakpoint.

    Args:
        port: The port on which the adapter listens.
        file: The source with the breakpoint.
        line: The line of the breakpoint.
    """

    def __init__(self, port: int, file: Path, line: int) -> None:
        self._messages: list[dict[str, Any]] = []
        self._sent = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "debugpy.adapter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._send("initialize", adapterID="test", pathFormat="path")
        self._send("attach", listen={"host": "127.0.0.1", "port": port})
        self._event("debugpyWaitingForServer")
        self._breakpoint = {"source": {"path": str(file)}, "breakpoints": [{"line": line}]}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The end of the context closes the pipe.
        with self._process:
            self._process.kill()
            self._reader.join()

    def wait_until_stopped(self) -> dict[str, Any]:
        """Wait until the process is at the breakpoint, and return the frame."""
        self._event("initialized")
        self._send("setBreakpoints", **self._breakpoint)
        self._send("configurationDone")
        thread = self._event("stopped")["threadId"]
        frames = self._send("stackTrace", threadId=thread)
        frame: dict[str, Any] = self._response(frames)["stackFrames"][0]
        return frame

    def resume(self) -> None:
        """Let the process go on, without the debugger."""
        self._response(self._send("disconnect", terminateDebuggee=False))

    def _event(self, name: str) -> dict[str, Any]:
        return self._wait_for("event", name)

    def _response(self, number: int) -> dict[str, Any]:
        return self._wait_for("request_seq", number)

    def _wait_for(self, field: str, value: Any) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [message for message in self._messages if message.get(field) == value]

        wait_until(lambda: bool(found()))
        (message,) = found()
        assert message.get("success", True), message
        body: dict[str, Any] = message.get("body", {})
        return body

    def _send(self, command: str, **arguments: Any) -> int:
        self._sent += 1
        body = {"type": "request", "command": command, "arguments": arguments, "seq": self._sent}
        content = json.dumps(body).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self._process.stdin.flush()
        return self._sent

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as output:
            while header := output.readline():
                output.readline()
                length = int(header.removeprefix(b"Content-Length:"))
                self._messages.append(json.loads(output.read(length)))
