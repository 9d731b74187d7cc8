"""What ``pip install .`` puts on a machine."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(400)  # it installs packages


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("maestro_mailkit-*.whl")
    return zipfile.ZipFile(built)


def shipped(folder: Path, *, below: str) -> set[str]:
    return {
        str(PurePosixPath(below, *file.relative_to(folder).parts))
        for file in folder.rglob("*")
        if file.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(file.parts)
    }


def test_the_wheel_holds_every_file_of_the_package_and_the_notebooks(wheel: zipfile.ZipFile) -> None:
    expected = shipped(ROOT / "mailkit", below="mailkit") | shipped(ROOT / "notebooks", below="mailkit/notebooks")
    kinds = {PurePosixPath(name).suffix for name in expected}
    assert {".py", ".toml", ".css", ".js", ".ipynb", ".typed"} <= kinds
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected


def test_the_wheel_has_its_licence_and_its_command(wheel: zipfile.ZipFile) -> None:
    (info,) = {name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    assert "mailkit = mailkit.cli.main:run" in wheel.read(f"{info}/entry_points.txt").decode()


def test_the_base_installation_needs_neither_jupyter_nor_pandas(wheel: zipfile.ZipFile) -> None:
    (metadata,) = [wheel.read(name).decode() for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert needed
    assert not [line for line in needed if any(heavy in line for heavy in ("jupyter", "ipywidgets", "pandas", "voila"))]
