"""Bugs that lesson 01 must notice: who waits, what is measured, when bytes leave."""

from tests.lessons.mutants import Mutant

MUTANTS = [
    Mutant(
        "the WSGI server has one thread more than it was told",
        "lab_utils/server/wsgi.py",
        "for n in range(threads)",
        "for n in range(threads + 1)",
        section="1.3",
    ),
    Mutant(
        "pings wait for each other's answer",
        "lab_utils/pings.py",
        "answers.add(asyncio.create_task(_answer(client, path, sent, started)))",
        "await _answer(client, path, sent, started)",
        section="1.3",
    ),
    Mutant(
        "a recording asks for the whole answer whatever it is told",
        "lab_utils/recording.py",
        "if not self._stream:",
        "if True:",
        section="1.3",
    ),
    Mutant(
        "the Flask baseline streams the answer as a whole",
        "lab_utils/baselines/flask_server.py",
        "return chain(events, [sse.encode(sse.DONE)])",
        'return iter([b"".join(chain(events, [sse.encode(sse.DONE)]))])',
        section="1.4",
    ),
    Mutant(
        "a Flask app gets one thread, however many were asked for",
        "lab_utils/server/background.py",
        "ThreadedWSGIServer(self._app, sock, self._threads)",
        "ThreadedWSGIServer(self._app, sock, 1)",
        section="1.4",
    ),
    Mutant(
        "/health waits while the engine runs",
        "lab_utils/server/app.py",
        "        status = runner.status(limits.stall_s)\n"
        "        return JSONResponse(\n",
        "        while (status := runner.status(limits.stall_s)).running:\n"
        "            await asyncio.sleep(0.01)\n"
        "        return JSONResponse(\n",
        section="1.5",
    ),
    Mutant(
        "a ping counts as answered when it was sent",
        "lab_utils/pings.py",
        "        ping.answered = perf_counter() - started\n",
        "        ping.answered = ping.sent\n",
        section="1.3",
    ),
]
