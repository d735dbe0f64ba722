"""Fixtures that tests share; what they share otherwise lies in `support`."""

import os
import shutil

import pytest
import torch

pytest.register_assert_rewrite("support")  # before the first import of it

from support import study, torchvision_operators  # noqa: E402

torchvision_operators.declare_missing()

# Tiny networks on one thread, here and in the processes that tests start: more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# What is not on this machine is an error, and no wait for a network.
os.environ["HF_HUB_OFFLINE"] = "1"


# As root in a container Chromium has no sandbox; without the rest it asks Google's hosts for updates.
ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="session")
def browser():
    """Chromium, driven by Playwright, for tests of pages."""
    driver = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    with driver.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory):
    """A folder with a tiny spec and its finished run, to be copied."""
    folder = tmp_path_factory.mktemp("finished")
    with study.blank_pictures():
        study.study_in(folder, study.TINY).run()
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home in which the data lies that the shipped specs name."""
    for name in ("mnist", "cifar10", "cifar100", "pets"):
        (tmp_path / "data" / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))


NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, NO_CUDA])])
def device(request):
    """Where a test computes: the same test runs on a CPU, which shows that the test itself is right."""
    yield request.param
    torch.cuda.empty_cache()


@pytest.fixture
def notes():
    return study.Notes()


@pytest.fixture(scope="session")
def registry():
    from support.components import BUILT_IN

    return BUILT_IN


@pytest.fixture
def blank_pictures():
    """Pictures of reports have no content."""
    with study.blank_pictures():
        yield


@pytest.fixture
def spec_file(tmp_path):
    """A function that writes a spec: the tiny one, or another text."""

    def write(text=study.TINY, name="tiny.toml"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write
