"""What is installed from the wheel works without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_specs_scenarios_examples_and_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "mockserver/specs/openapi.yaml",
        "mockserver/specs/calls/dial.yaml",
        "mockserver/specs/mock.yaml",
        "mockserver/scenarios/join_ai_conversation.yaml",
        "mockserver/scenarios/join_ai_conversation.transcript",
        "mockserver/scenarios/scenario.schema.json",
        "mockserver/scenarios/examples/join_ai_conversation.py",
        "mockserver/preload/python/sitecustomize.py",
        "mockserver/preload/real_address.cjs",
        "mockserver/reports/page/page.css",
        "mockserver/reports/page/page.js",
        "mockserver/py.typed",
    ):
        assert wanted in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_an_installed_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    answer = subprocess.run(
        [sys.executable, "-P", "-m", "mockserver", "check", "join_ai_conversation"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert str(site) in answer.stdout
