"""JupyterLab and Voila on loopback, and Debian's Chromium to use them like a person.

Each program runs with all of its folders below a temporary one, so that nobody's own settings are read or changed, and the
browser can resolve no name: what is not on this machine cannot be loaded.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ..real.ground.post import PostOffice, lacking, post_office

CHROMIUM = Path("/usr/bin/chromium")
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}
# Not at "idle": the indicator shows that before there is a kernel, and a Run pressed then is lost.
KERNEL_READY = """async () => {
  await window.jupyterapp.restored;
  const notebook = window.jupyterapp.shell.currentWidget;
  await notebook.context.ready;
  await notebook.sessionContext.ready;
  await notebook.sessionContext.session.kernel.info;
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the browser; it is passed over, saying so, where there is none."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason=f"needs {CHROMIUM} (Debian package chromium)"))


FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, gone at the end of the module: Playwright keeps an event loop that would be in the way of other tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", accept_downloads=True)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def setting(home: Path, plugin: str, content: str) -> None:
    extension, _, name = plugin.partition(":")
    file = home / "settings" / extension / f"{name}.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


@contextmanager
def served(home: Path, module: str, *options: str) -> Iterator[str]:
    """Run a Jupyter program below ``home`` until the end of the block, and give its address."""
    setting(home, "@jupyterlab/apputils-extension:notification", '{"fetchNews": "false", "checkForUpdates": false}')
    environment = {**os.environ, **{name: str(home / folder) for name, folder in FOLDERS.items()}}
    log = home / "server.log"
    for _ in range(3):  # the port may be taken by someone else before the program gets to it
        port = free_port()
        command = [sys.executable, "-m", module, "--no-browser", f"--port={port}", *options]
        with log.open("wb") as sink:
            server = subprocess.Popen(command, env=environment, stdout=sink, stderr=subprocess.STDOUT)
        try:
            if answers(server, port):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            server.terminate()
            server.wait(timeout=20)
    pytest.fail(f"{module} did not start: {log.read_text()}")


def answers(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the program listens; say whether it does."""
    last_moment = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < last_moment:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.1)
    return False


class Front:
    """A front end with a folder of notebooks, as one test sees it."""

    def __init__(self, kind: str, address: str, folder: Path, page: Page) -> None:
        self.kind, self.address, self.page = kind, address, page
        # A name of its own: JupyterLab would give a notebook of the same name the kernel of the test before.
        self.notebook = folder / f"panel-{len(list(folder.iterdir()))}.ipynb"
        self.hosts: set[str] = set()
        self.faults: list[str] = []
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2] if "//" in request.url else ""))
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def show(self, *sources: str) -> Page:
        """Write a notebook of these code cells, run it and give the page."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.notebook)
        if self.kind == "voila":
            self.page.goto(f"{self.address}/voila/render/{self.notebook.name}")
        else:
            self.page.goto(f"{self.address}/lab/tree/{self.notebook.name}?reset")
            self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
            self.page.evaluate(KERNEL_READY)
            self.do("application:toggle-left-area")
            self.do("notebook:run-all-cells")
        self.page.locator(".mailkit-panel").wait_for()
        return self.page

    def do(self, command: str) -> None:
        """Carry out a JupyterLab command and wait for its end."""
        self.page.evaluate("command => window.jupyterapp.commands.execute(command)", command)

    def outside(self) -> set[str]:
        """The hosts the page asked that are not on this machine."""
        # Voila's own page template asks for an icon font there; the panel shows no icon.
        known = {"", "cdn.jsdelivr.net"} if self.kind == "voila" else {""}
        return {host for host in self.hosts if not host.startswith("127.0.0.1:")} - known


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def lab_address(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[str]:
    home = tmp_path_factory.mktemp("lab")
    setting(home, "@jupyter-widgets/jupyterlab-manager:plugin", '{"saveState": true}')
    options = (
        "--allow-root",
        "--ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True",
    )
    with served(home, "jupyterlab", *options) as address:
        yield address


@pytest.fixture(scope="session")
def voila_address(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[str]:
    with served(
        tmp_path_factory.mktemp("voila"), "voila", str(folder), "--Voila.ip=127.0.0.1", "--Voila.port_retries=0"
    ) as address:
        yield address


@pytest.fixture
def lab(lab_address: str, folder: Path, page: Page) -> Iterator[Front]:
    yield Front("lab", lab_address, folder, page)
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


@pytest.fixture
def voila(voila_address: str, folder: Path, page: Page) -> Front:
    return Front("voila", voila_address, folder, page)


@pytest.fixture(params=["lab", "voila"])
def front(request: pytest.FixtureRequest) -> Front:
    """The same test in JupyterLab and in Voila."""
    got = request.getfixturevalue(request.param)
    assert isinstance(got, Front)
    return got


@pytest.fixture
def keep_picture(page: Page) -> Callable[..., None]:
    """Keep a picture for people to look at, in the folder that MAILKIT_PICTURES names; no test depends on it.

    The picture in the README is the one named "lab-verdict".
    """
    where = os.environ.get("MAILKIT_PICTURES")

    def keep(name: str, height: int = 900) -> None:
        if where:
            page.set_viewport_size({"width": 1280, "height": height})
            page.screenshot(path=str(Path(where) / f"{name}.png"))

    return keep


@pytest.fixture(scope="module")
def post() -> Iterator[PostOffice]:
    if (why := lacking()) is not None:
        if os.environ.get("CI"):
            pytest.fail(why)  # there, a test that silently does not run is worse than one that fails
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="mailkit-real-"))
    folder.chmod(0o755)  # the servers' own users have to reach it
    try:
        with post_office(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)
