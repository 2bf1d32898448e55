"""The command line: `python -m lab_utils serve`, `demo`, `bench`, `peer`, `class`."""

import argparse
import logging
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from types import FrameType

from lab_utils.bench import compare as bench
from lab_utils.bench import demo
from lab_utils.bench.servers import PEERS
from lab_utils.bench.table import tables
from lab_utils.classroom.command import add_class
from lab_utils.classroom.room import add_room
from lab_utils.engine.loading import load_engine
from lab_utils.peers import foreground, llama_cpp
from lab_utils.runners import ExecutorRunner, ProcessRunner, Runner, ThreadRunner
from lab_utils.server import create_app
from lab_utils.server.hub import KEY_VARIABLE, default_key
from lab_utils.server.security import LOOPBACK
from lab_utils.server.serving import ServerError, bind, make_server
from lab_utils.whole_file import write_json

RUNNERS = ("thread", "process", "executor")
EXAMPLES = """\
examples:
  python -m lab_utils demo
  python -m lab_utils serve --port 5000
  python -m lab_utils serve --port 0 --pace-ms 60
  python -m lab_utils serve --model random:tinyllama-1.1b
  python -m lab_utils serve --model ./my-checkpoint --dtype bfloat16
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except (ServerError, OSError, ValueError) as error:
        print(f"lab_utils {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab_utils",
        description="A small language model behind a streaming server, to learn from.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_demo(commands)
    _add_bench(commands)
    _add_peer(commands)
    add_class(commands)
    return parser


def _add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser(
        "serve",
        help="serve a model over HTTP until Ctrl-C",
        description="Serve a model: POST /generate, GET /health, /ready and /docs. "
        "Prints its address once it answers; Ctrl-C stops it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = serve.add_argument
    add("--host", default="127.0.0.1", help="address to listen on; one beyond this "
        "machine requires --api-key")
    add("--port", type=_port, default=5000, help="0 takes a free port")
    add("--model", default="tutor", help="'tutor' (embedded, offline), a folder, a hub "
        "id, or random:micro, random:135m, random:tinyllama-1.1b")
    add("--runner", choices=RUNNERS, default="thread",
        help="where the engine runs while the event loop stays free: one thread with "
        "batching, a process of its own, or the tutorial's run_in_executor")
    add("--dtype", choices=["auto", "float32", "bfloat16"], default="auto",
        help="of the weights; with bfloat16 a prompt may be answered otherwise in a "
        "batch than alone, since it keeps three digits")
    add("--context", type=int, help="tokens that a prompt and its answer may have "
        "together; what the model was made for, or less where memory is short")
    add("--max-batch", type=int, default=8, help="requests that run at the same time")
    add("--max-queue", type=int, default=32, help="requests that may wait; more get "
        "503")
    add("--pace-ms", type=float, default=0, help="make each step last at least this "
        "long, to watch a fast model")
    # Read later than here: the help shows defaults, and must not show the key.
    add("--api-key", default=argparse.SUPPRESS, help="ask for this key on every route "
        "but /health; better set as LAB_API_KEY, which no process list shows")
    add("--allow-host", action="append", default=[], metavar="NAME", help="a host name "
        "under which clients may address it, besides localhost; may be repeated")
    add("--room", action="store_true", help="count the guesses of notebooks that have "
        "this address in LAB_URL, and show them at /guesses")
    serve.set_defaults(run=_serve)


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "demo",
        help="stream an answer here, then compare three servers",
        description="Stream an answer into the terminal, then measure the tutorial's "
        "four rows on three servers, side by side on this machine.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.add_argument("--prompt", default="Tell me a story.")
    command.add_argument("--max-tokens", type=int, default=60)
    command.set_defaults(run=_demo)


def _add_bench(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "bench",
        help="measure the runners and the tutorial's server side by side",
        description="Measure speed and responsiveness of each runner and of the "
        "tutorial's server, in turns, with the same weights, dtype and torch threads.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = command.add_argument
    add("--model", default="tutor", help="as for serve")
    add("--dtype", choices=["auto", "float32", "bfloat16"], default="auto")
    add("--runners", default="thread,process,executor", help="a list, or 'all'")
    add("--tokens", type=int, default=100, help="length of each answer at most")
    add("--rounds", type=int, default=5, help="each server is measured so many times")
    add("--peers", nargs="*", choices=PEERS, metavar="NAME", help="also measure real "
        f"servers on the same weights: {', '.join(PEERS)}; without a name, all")
    add("--url", help="also measure a server that runs already; one whose address ends "
        "in /v1 is asked in OpenAI's format")
    add("--json", type=Path, metavar="FILE", help="also write the figures there")
    command.set_defaults(run=_bench)


def _bench(options: argparse.Namespace) -> int:
    # Whoever ends it must not leave the servers behind that it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kinds = RUNNERS if options.runners == "all" else options.runners.split(",")
    result = bench.run(
        options.model, options.dtype, list(kinds), options.tokens, options.rounds,
        list(PEERS) if options.peers == [] else options.peers, options.url,
    )
    print(f"\n{tables(result)}")
    if options.json:
        write_json(result, options.json)
    return 0


def _add_peer(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "peer",
        help="run a real server on the same weights until Ctrl-C",
        description="Run a real server of others on our weights, to compare with. It "
        "speaks OpenAI's format under /v1.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.add_argument("name", choices=PEERS, metavar="NAME",
                         help=f"one of {', '.join(PEERS)}")
    command.add_argument("--model", default="tutor", help="as for serve; a Llama")
    command.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32",
                         help="llama.cpp: float32 only")
    command.add_argument("--port", type=_port, default=0, help="0 takes a free port")
    command.set_defaults(run=_peer)


def _peer(options: argparse.Namespace) -> int:
    say = partial(print, flush=True)
    if options.name != "llama.cpp":
        foreground.run(options.name, options.model, options.dtype, options.port, say)
    elif options.dtype == "float32":
        llama_cpp.run(options.model, options.port, say)
    else:
        raise ValueError("llama.cpp's package has no bfloat16 kernels: expected "
                         "--dtype float32; got bfloat16.")
    return 0


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a number from 0 to 65535; got {text!r}")


def _serve(options: argparse.Namespace) -> int:
    given = getattr(options, "api_key", None) or os.environ.get(KEY_VARIABLE)
    api_key = given or default_key()
    if options.host not in LOOPBACK and not api_key:
        raise ServerError(
            f"--host {options.host} can be reached from other machines: set --api-key, "
            "so that not everybody there can use it."
        )
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("lab_utils.access").setLevel(logging.INFO)
    # uvicorn raises the signal again after its clean stop; this makes it a clean exit.
    signal.signal(signal.SIGTERM, _exit_cleanly)
    with bind(options.host, options.port) as sock:
        return _serve_on(sock, options, api_key, bool(api_key and not given))


def _serve_on(
    sock: socket.socket, options: argparse.Namespace, api_key: str | None,
    key_is_new: bool,
) -> int:
    runner = _runner(options)
    allowed = [*options.allow_host, options.host]
    app = create_app(runner, api_key=api_key, allow_hosts=allowed)
    if options.room:
        add_room(app)
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"http://{host}:{sock.getsockname()[1]}"
    said = f"{runner.model} answers at {url} (API: {url}/docs, Ctrl-C stops it)"
    if key_is_new:
        said += f"\nOthers share this machine: it asks for the API key {api_key}"
    server = make_server(app, on_started=lambda: print(said, flush=True))
    server.run(sockets=[sock])
    return 0


def _runner(options: argparse.Namespace) -> Runner:
    settings = {"pace_ms": options.pace_ms, "dtype": options.dtype,
                "context": options.context}
    limits = (options.max_batch, options.max_queue)
    if options.runner == "process":
        return ProcessRunner(options.model, *limits, **settings)
    engine = load_engine(options.model, **settings)
    if options.runner == "executor":
        return ExecutorRunner(engine, *limits)
    return ThreadRunner(engine, *limits)


def _exit_cleanly(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _demo(options: argparse.Namespace) -> int:
    return demo.run(options.prompt, options.max_tokens)
