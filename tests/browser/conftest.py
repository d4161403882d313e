"""Pages of several origins, and the service, which allows some of the origins to call it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page
from rich.console import Console

from infra.spec import stages
from local.deploy import CdkDeployment
from local.emulator import process
from local.progress import Progress
from local.run_folder import RunFolder
from tests.support.browser.tab import Tab
from tests.support.deployment.project_copy import copied_file, copy_project, forget_assemblies
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller

OTHER_ORIGIN = "https://pages.example.com"


class _EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def page_port() -> Iterator[int]:
    """The port of a server of empty pages. Each name of this machine is another origin."""
    with ThreadingHTTPServer((process.HOST, 0), _EmptyPage) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="session")
def allowed_origin(page_port: int) -> str:
    """The origin of the pages that may call the API, the last one in the stage's list."""
    return f"http://{process.HOST}:{page_port}"


@pytest.fixture(scope="session")
def unlisted_origin(page_port: int) -> str:
    """The origin of the pages that may not call the API."""
    return f"http://localhost:{page_port}"


@pytest.fixture(scope="session")
def reference_url(service: Service) -> str:
    """The URL of the API reference."""
    url = service.run_folder.read_run().reference_url
    assert url
    return url


@pytest.fixture(scope="session")
def service(
    browser: Browser, allowed_origin: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service, on a stage with a list of origins that includes the API reference."""
    run_folder = RunFolder(tmp_path_factory.mktemp("service"))
    project = copy_project(tmp_path_factory.mktemp("origins") / "project")
    # The ports differ in each run, so that no later run would reuse the assembly.
    forget_assemblies(project)
    with run_folder.lock() as lock:
        assert lock
        run_folder.clear()
        with process.running_emulator(run_folder, process.free_port(), lock) as running:
            origins = (OTHER_ORIGIN, running.reference_url, allowed_origin)
            source = copied_file(project, stages)
            text = source.read_text().replace('cors_origins=("*",)', f"cors_origins={origins}")
            source.write_text(text)
            with CdkDeployment(
                run_folder, Progress(Console(stderr=True)), project=project
            ) as deployment:
                yield Service(run_folder, deployment.deploy_to(running.endpoint_url))


@pytest.fixture
def tab(page: Page, service: Service, allowed_origin: str) -> Tab:
    """A tab with a page that may call the API."""
    page.goto(allowed_origin)
    return Tab(page, service.api_url, service.api_key)


@pytest.fixture(scope="session")
def call(service: Service) -> Caller:
    """A caller that is not a browser."""
    return Caller(service.api_url, service.api_key)
