"""What backs the sentences of notebook 05."""

from tests.lessons.facts import (
    DEFINITION,
    INSTRUCTION,
    POINTER,
    QUESTION,
    asserted,
    exempt,
    link,
    output,
    tested,
)

BACKGROUND = "tests/server/test_background.py::"
INLINE = "tests/lessons/test_05_inline.py::"
RUNNERS = "https://docs.python.org/3/library/asyncio-runner.html"
THREADS = "https://docs.python.org/3/library/threading.html"
SETTINGS = "https://uvicorn.dev/settings/"
SERVER = "https://github.com/Kludex/uvicorn/blob/main/uvicorn/server.py"
PROXY = "https://github.com/jupyterhub/jupyter-server-proxy"

FACTS = [
    exempt(
        QUESTION,
        "(a) It serves, and the cell never ends.",
        "(b) It serves, and the cell ends at once.",
        "(c) It serves nobody: an error.",
        "<summary>A browser asks a server that runs on the kernel's loop.",
        "Nothing is broken.",
    ),
    exempt(
        DEFINITION,
        "**uvicorn** is the program that runs a FastAPI app",
        "To try it: `app_that_says(",
        "(`make_server` makes uvicorn's server",
    ),
    exempt(
        INSTRUCTION,
        "The app below can stay empty",
        "So now the first server stays, and a second one starts",
        "The loop below does the same as three such runs",
        "We look in a process of its own",
    ),
    exempt(POINTER, "a file of 350 lines that you can read now"),
    # 5.1: the usual last line
    link(
        "https://ipython.readthedocs.io/en/stable/interactive/autoawait.html",
        "An event loop is running at this moment, in the kernel",
    ),
    asserted("kernel-03", "all say that a loop is *running* already"),
    link(
        RUNNERS,
        "`uvicorn.run` makes a new loop and runs it until",
        "But a thread can run only one loop at a time",
    ),
    output("kernel-03", "(`catch_warnings` hides the warning"),
    # 5.2: the well-known snippet
    link(
        THREADS,
        "When a program ends, Python waits for its threads",
        "So a forgotten server cannot keep the kernel from restarting.",
    ),
    link(SETTINGS, '(`log_level="critical"` keeps uvicorn\'s log out'),
    link(
        "https://docs.python.org/3/library/socket.html#socket.create_server",
        "`create_server` asks the system for a free port",
    ),
    output("kernel-60", "The thread needs a moment before it answers"),
    asserted(
        "kernel-11",
        "Never.",
        "only our own limit of one second stopped the loop",
        "The thread was dead long before, since the port was taken.",
    ),
    link(SERVER, "uvicorn does log a line, `address already in use`"),
    link(
        f"{THREADS}#threading.excepthook",
        "And a line in a log does not reach the loop that waits",
    ),
    # 5.3: thirty lines
    link(
        f"{THREADS}#threading.Thread.run",
        "an error in a thread never gets into your cell by itself",
    ),
    tested(
        f"{INLINE}test_a_taken_port_is_an_error_of_the_caller",
        "If it is taken, `create_server` fails in the cell",
    ),
    tested(
        f"{INLINE}test_two_at_once_get_two_ports",
        "Port 0 means: *any free port; system, you choose*.",
        "Port 0 takes a free one.",
    ),
    asserted("kernel-19", "It starts, answers, and stops.", by="is None"),
    link(
        SERVER,
        "uvicorn looks at the flag ten times a second, ends its loop",
        "uvicorn looks at its flag only ten times a second.",
    ),
    link(
        "https://fastapi.tiangolo.com/advanced/events/",
        "what stands above the `yield` runs before the server answers",
    ),
    asserted("kernel-22", "but `SystemExit` is all that uvicorn leaves with"),
    asserted("kernel-24", "puts the reason into the error"),
    output("kernel-24", "(The red line is uvicorn's log.)"),
    asserted("kernel-25", "Here the error says what to do", by="is taken"),
    # 5.4: run again
    asserted("kernel-30", "The first URL, which perhaps is still open"),
    asserted("kernel-30", "a thread does not end because nobody remembers it"),
    asserted(
        "kernel-33",
        "We can still end them, because a list has kept every `stop`.",
        "Whoever takes a name stops the one before.",
    ),
    tested(
        f"{BACKGROUND}test_row_32_a_cell_run_again_replaces_its_own_servers_only",
        "It asks the kernel *which cell is running*, and stops what",
    ),
    tested(
        f"{INLINE}test_the_cell_that_is_to_be_run_three_times_keeps_one_server",
        "Run the next cell three times: one server",
    ),
    # 5.5: stop
    asserted("kernel-40", "The reader got the whole answer, so `stop` has waited",
             "it delivered the whole answer"),
    link(
        SETTINGS, "uvicorn has a setting against it, `timeout_graceful_shutdown`"
    ),
    asserted("kernel-42", "The reader gets half an answer, and no reason.",
             by="broke the connection off"),
    tested(
        f"{INLINE}test_with_a_limit_it_stops_while_a_stream_is_open",
        "uvicorn closes the door, waits that second, and cuts",
    ),
    asserted("kernel-42", "each with a last message that says why",
             by="the server is being stopped"),
    asserted("kernel-43", "this stop is the quickest",
             by="kind.seconds"),
    # 5.6: pairs
    asserted(
        "kernel-50",
        "Three answer at once.",
        "its bar ends only because the client gives up",
        "The client holds the thread until the answer comes.",
        "a sync client and a server on the same thread wait for each other",
    ),
    link(
        "https://docs.python.org/3/library/asyncio-dev.html",
        "While a cell holds the thread, without an `await`, the browser waits.",
        "the browser is another program, and holds no thread of the kernel",
    ),
    # side paths
    link(
        "https://github.com/erdewit/nest_asyncio",
        "The package rewrites asyncio while it runs",
        "Its repository is archived since 2024",
    ),
    asserted("kernel-54", "So `asyncio.run` works inside a loop, as promised.",
             by="asyncio.run: works"),
    asserted("kernel-54", "`uvicorn.run` does not.", by="uvicorn.run: "),
    link(
        "https://github.com/Kludex/uvicorn/blob/main/uvicorn/_compat.py",
        "On Python 3.11 it enters by another door",
        "Since 3.12 it calls the patched `asyncio.run`",
    ),
    link(
        "https://github.com/ipython/ipykernel/blob/main/pyproject.toml",
        "A fork, `nest-asyncio2`, goes on",
    ),
    output("kernel-54", "Each task, before a fast one written in C"),
    link(
        PROXY,
        "Jupyter often runs on a Hub: the kernel works on another",
        "Everything in this lesson works there too",
        "Only the Jupyter server can be reached from outside.",
    ),
    link(
        "https://www.rfc-editor.org/rfc/rfc6890#section-2.2.2",
        "`127.0.0.1` means *this computer*",
    ),
    tested(
        "tests/server/test_hub.py::"
        "test_on_a_hub_the_browsers_link_goes_through_the_proxy",
        "`server.browser_url` is the link that works where you are",
    ),
    link(
        "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering",
        "some proxies collect an answer before they pass it on",
        "Then a stream arrives all at once",
    ),
    # summary
    asserted("kernel-03", "because it makes a second loop on a thread that runs one"),
    asserted("kernel-30", "The old one still has its thread and its port"),
    link(
        f"{THREADS}#threading.excepthook",
        "In the cell, only if somebody carries it there.",
        "uvicorn's way to leave, is not even printed",
    ),
    tested(
        f"{BACKGROUND}test_an_open_stream_cannot_keep_uvicorn_from_stopping",
        "uvicorn waits for it, unless `timeout_graceful_shutdown` is set",
    ),
    asserted(
        "kernel-40",
        'If you thought "a stop flag stops": it only asks.',
        "What is running must listen, or be cut.",
    ),
    asserted("kernel-59b", "Nothing is left: no server, no thread"),
    # 5.3: the reader's `wait`
    tested("tests/props/test_your_turn.py::test_each_wrong_wait_is_told_its_idea",
           "If that has ended, the cell must hear of it",
           "It turns for ever, as `first_server` did in 5.2.",
           'If you thought "uvicorn raises its error here"'),
]
