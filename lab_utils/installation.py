"""Is everything here that the lessons need? `doctor()` says it in words."""

import os
import platform
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from packaging.requirements import Requirement

from lab_utils import registry
from lab_utils.engine.loading import load_engine
from lab_utils.model.loading import TUTOR
from lab_utils.model.packed import obstacle
from lab_utils.server import BackgroundServer
from lab_utils.server.serving import ServerError, bind

PACKAGES = ("torch", "transformers", "fastapi", "uvicorn", "httpx", "jupyterlab",
            "ipywidgets")
OLDEST, NEWEST = (3, 11), (3, 13)
LOCK = Path(__file__).parent.parent / "constraints.txt"
"""The exact versions that the lessons are tested with; only a clone has this file."""

FEW = 4
OUR_THREADS = "lab-"
SERVE_PORT = 5000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, how it is, and what to do about it.

    `advice` is empty when all is well; `needed` tells whether the lessons need it.
    """

    name: str
    state: str
    advice: str = ""
    needed: bool = True

    def __str__(self) -> str:
        mark = "✓" if not self.advice else "✗" if self.needed else "–"
        line = f"{mark} {self.name:<12} {self.state}"
        return f"{line}\n               → {self.advice}" if self.advice else line


def doctor() -> None:
    """Print what is installed and what is running here, and what to do about it.

    ✓ is fine, ✗ must be mended before the lessons work, – is only good to know.
    """
    findings = list(examine())
    for finding in findings:
        print(finding)
    broken = [finding.name for finding in findings if finding.advice and finding.needed]
    print("\nMend first: " + ", ".join(broken) if broken else "\nAll is well: go on.")


def examine() -> Iterator[Finding]:
    """Everything that `doctor` looks at, one finding after the other."""
    yield _python()
    for name in PACKAGES:
        yield _package(name)
    # Each look may fail in a way that nobody foresaw; the others still count.
    looks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("tutor", _tutor), ("weights", _weights), ("loopback", _loopback),
        ("port 5000", _serve_port), ("servers", _servers), ("threads", _threads),
        ("pace", _pace),
    )
    if LOCK.is_file():
        looks = ("lock", _lock), *looks
    for name, look in looks:
        try:
            yield look()
        except Exception as error:
            yield Finding(name, f"{type(error).__name__}: {error}",
                          "read the text above; README, Troubleshooting, may know it")


def _python() -> Finding:
    fits = OLDEST <= sys.version_info[:2] <= NEWEST
    advice = "" if fits else "install Python 3.11 to 3.13 and run the set-up again"
    return Finding("Python", f"{platform.python_version()} on {platform.system()}",
                   advice)


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", "run `make setup`, or `pip install -e .` "
                       "in the project's folder, with this notebook's Python")


def _lock() -> Finding:
    others = list(_differences(LOCK.read_text(encoding="utf-8")))
    if not others:
        return Finding("lock", "the versions with which the lessons are tested")
    more = f" and {len(others) - FEW} more" if len(others) > FEW else ""
    return Finding(
        "lock", f"{', '.join(others[:FEW])}{more}",
        "newer or older than tested, and probably fine; if a lesson fails, run `make "
        "setup`, or `pip install -c constraints.txt -e .` in the project's folder",
        needed=False,
    )


def _differences(lock: str) -> Iterator[str]:
    """Each installed package that is not as `lock`, the text of a lock, wants it."""
    for line in lock.splitlines():
        if not line or line.startswith("#"):
            continue
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate():
            continue
        with suppress(PackageNotFoundError):  # not every package is for everyone
            here = version(wanted.name)
            if not wanted.specifier.contains(here, prereleases=True):
                yield f"{wanted.name} {here} (tested: {wanted.specifier})"


def _tutor() -> Finding:
    if not (TUTOR / "model.safetensors").is_file():
        return Finding("tutor", f"no weights in {TUTOR}",
                       "the download is incomplete: clone the repository again")
    engine = load_engine("tutor")
    question = "What is 1 + 1?"
    answer = engine.generate(question, 16, temperature=0).text
    millions = engine.parameters / 1e6
    return Finding("tutor", f"{millions:.1f} M parameters; “{question}” “{answer}”")


def _weights() -> Finding:
    if why := obstacle(torch.float32):
        return Finding("weights", f"not packed: {why}", "nothing to do: all models "
                       "run, large ones at half the speed", needed=False)
    return Finding("weights", "packed for this processor")


def _loopback() -> Finding:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return Finding("loopback", f"this computer can call itself (port {port})")


def _serve_port() -> Finding:
    try:
        bind("127.0.0.1", SERVE_PORT).close()
    except ServerError as error:
        return Finding("port 5000", "taken", f"only `python -m lab_utils serve` wants "
                       f"it, the notebooks take free ports; {error}", needed=False)
    return Finding("port 5000", "free")


def _servers() -> Finding:
    running = registry.running()
    urls = [each.url for each in running if isinstance(each, BackgroundServer)]
    if not urls:
        return Finding("servers", "none running here")
    return Finding("servers", f"{len(urls)} running: {', '.join(urls)}",
                   "stop them with lab_utils.stop_all(), if you are done with them",
                   needed=False)


def _threads() -> Finding:
    names = [thread.name for thread in threading.enumerate()]
    ours = sorted(name for name in names if name.startswith(OUR_THREADS))
    return Finding("threads", ", ".join(ours) if ours else "none of ours running here")


def _pace() -> Finding:
    pace = os.environ.get("LAB_PACE_MS")
    if not pace:
        return Finding("pace", "as each notebook sets it")
    return Finding("pace", f"LAB_PACE_MS={pace} overrides every notebook's pace",
                   "unset it to watch tokens at reading speed", needed=False)
