"""curl, asked from a cell: the command as one types it, and what comes back."""

import shlex
import shutil
from collections.abc import Iterator
from subprocess import PIPE, Popen

import httpx


def curl(*arguments: str) -> str:
    """Run curl with `arguments`; print the command, and each line as it comes. Returns
    what came.

    Where there is no curl, httpx sends the same request. It understands an address,
    `-H` with a header, `-d` with a body, and `-i`; `-N` changes nothing for it.
    """
    print("$", shlex.join(["curl", *arguments]))
    came = ""
    for line in _by_curl(arguments) if shutil.which("curl") else by_httpx(arguments):
        came += line
        print(line, end="", flush=True)
    print()
    return came


def _by_curl(arguments: tuple[str, ...]) -> Iterator[str]:
    command = ["curl", "-s", "--noproxy", "*", *arguments]
    with Popen(command, stdout=PIPE, text=True, encoding="utf-8") as program:
        assert program.stdout is not None
        yield from program.stdout


def by_httpx(arguments: tuple[str, ...]) -> Iterator[str]:
    """The same, line by line, without curl."""
    left, headers, body, url = iter(arguments), dict[str, str](), "", ""
    for each in left:
        if each == "-H":
            name, _, value = next(left).partition(": ")
            headers[name] = value
        elif each == "-d":
            body = next(left)
        elif not each.startswith("-"):
            url = each
    with httpx.stream("POST" if body else "GET", url, content=body, headers=headers,
                      trust_env=False) as response:
        if any(each.startswith("-") and "i" in each for each in arguments):
            yield f"HTTP/1.1 {response.status_code} {response.reason_phrase}\n"
            for raw, line in response.headers.raw:
                yield f"{raw.decode()}: {line.decode()}\n"
            yield "\n"
        yield from response.iter_text()
