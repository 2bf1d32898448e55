"""What backs the sentences of notebook 01."""

from tests.lessons.facts import (
    ANALOGY,
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

YIELD = "https://docs.python.org/3/reference/expressions.html#yield-expressions"
WSGI = "https://peps.python.org/pep-3333/"
ASGI = "https://asgi.readthedocs.io/en/latest/specs/main.html"
HTTP_OF_ASGI = "https://asgi.readthedocs.io/en/latest/specs/www.html"
FASTAPI = "https://fastapi.tiangolo.com/async/#path-operation-functions"
TURNS = "tests/props/test_turns.py::"
INLINE = "tests/lessons/test_01_inline.py::"
YOURS = "tests/props/test_your_turn.py::"

FACTS = [
    link("https://www.rfc-editor.org/rfc/rfc9110.html",
         "Its answer has a **status**: 200 means *fine*."),
    link(
        YIELD,
        "once called, it runs until it returns or fails",
        "A function with a `yield` in it can:",
        "Each `next` runs it up to the next `yield`",
        "When its code is over, `next` raises `StopIteration`",
        "at each `yield` it hands the baton back",
    ),
    asserted("wsgi-03", "Calling it runs *nothing* of it (the assert)"),
    output("wsgi-03", "Two of its three steps were made"),
    asserted(
        "wsgi-09",
        "A slept *with the baton in its hand*",
        "it could have gone on at once, and nobody let it",
    ),
    output(
        "wsgi-09",
        "B needs no time at all (its bars are thin lines), and yet it waited for two",
    ),
    tested(
        YOURS + "test_the_solution_fills_in_for_a_function_with_gaps",
        "a solution, which is used only while yours has a `...` in it",
    ),
    tested(
        YOURS + "test_each_wrong_loop_is_told_its_idea",
        "Then `check_take_turns` tries whichever there is, and says what it saw",
        "**Your turn:** two of the eight lines are missing",
    ),
    tested(
        TURNS + "test_each_guessed_turn_of_a_known_task_is_a_diamond",
        "jobs *take turns*, they never run at the same time",
    ),
    output("wsgi-06", "After the last A, B gets `next` once more, and ends"),
    exempt(
        QUESTION,
        "B has 2 steps and never sleeps",
        "Each `wait` lasts 300 ms",
        "Each answer takes 40 steps of 30 ms",
        "A colleague says: \"We must leave Flask, because it cannot stream.",
    ),
    exempt(
        ANALOGY,
        "In the servers below that look dead, `/health` is in its place",
        "That is the honest case for ASGI",
    ),
    link(
        "https://docs.python.org/3/library/asyncio-task.html#asyncio.gather",
        "`gather` puts several jobs on the loop's list",
    ),
    link(
        "https://docs.python.org/3/library/asyncio-task.html#asyncio.sleep",
        "(`asyncio.sleep(0)` is nothing but a pause",
    ),
    link(
        "https://ipython.readthedocs.io/en/stable/interactive/autoawait.html",
        "a cell may say `await` outside of a function",
    ),
    asserted("wsgi-14", "The same picture"),
    link(
        "https://docs.python.org/3/reference/datamodel.html#coroutine-objects",
        "like a generator it can pause, and calling it runs nothing of it yet",
        "`__await__()` turns a coroutine into something for `next`",
    ),
    asserted("wsgi-63", "Yours does it"),
    asserted(
        "wsgi-18",
        "together they take about as long as one",
        "a job that waits does not hold the baton",
        "One baton: computing adds up, only waiting overlaps",
        by="waiting overlaps",
    ),
    asserted(
        "wsgi-18",
        "The two pieces of work do not overlap",
        "there is no `await` inside, so no other job of this loop ran",
        "So `async` does not make things run in parallel",
        by="work does not",
    ),
    link(
        "https://docs.python.org/3/howto/a-conceptual-overview-of-asyncio.html",
        "a job that waits for a clock or for the network is not on the list meanwhile",
    ),
    link(
        "https://peps.python.org/pep-0333/",
        "**WSGI**, first written down in 2003, is such an agreement",
    ),
    exempt(
        DEFINITION, "A web server and your function must agree on how one calls"
    ),
    tested(
        "tests/test_baselines.py::"
        "test_flask_answers_others_only_with_a_thread_to_spare",
        "Many WSGI servers have threads, and each thread serves one request at a time",
        "The fourth takes the last thread, and then `/health` waits until one of the",
        "a server that works with threads gives one to each open stream until the last",
        "**Cost of an open stream:** a thread where the server works with threads",
    ),
    link(
        WSGI + "#buffering-and-streaming",
        "since WSGI must finish an answer before it sends it",
    ),
    tested(
        "tests/engine/test_fake.py::test_it_says_its_script_word_by_word",
        "it sleeps 30 ms per token and says a fixed text",
    ),
    tested(
        INLINE + "test_the_flask_app_by_hand_answers_as_the_library_s",
        "a line with `@` above a function says for which request Flask is to call it",
        "`pieces` packs each token (`event()` makes a dict of it) as bytes",
        "Ours gives the answer whole (`as_dict` makes a dict of it)",
        "(`create_flask_app` is your Flask app with checks added",
    ),
    tested(
        "tests/test_recording.py::"
        "test_pings_are_sent_on_a_schedule_while_none_is_answered",
        "every 50 ms, whether or not the last one was answered",
    ),
    tested(
        INLINE
        + "test_one_thread_by_hand_keeps_health_waiting_until_the_engine_is_done",
        "each ping waits from the moment it was sent until the answer is done",
        "To somebody who asks `/health` this server looks dead, but it is only busy",
    ),
    output("wsgi-25", "(A low dot at the left was sent before the work began"),
    asserted(
        "wsgi-28",
        "**Flask streams.",
        "The first token came long before the last",
        "So *Flask cannot stream* is false",
        "on Flask the first token came long before the last",
        by="streamed.ttft_ms",
    ),
    asserted(
        "wsgi-28",
        "**Streaming did not make it faster.",
        "The last token comes at about the same time",
        by="streamed.ended",
    ),
    asserted(
        "wsgi-28",
        "**Pings wait all the same.",
        "Below, text flows, and yet the triangle is still there",
        by="slowest_ping_ms",
    ),
    link(
        ASGI,
        "the server runs an event loop, and calls your function there as a coroutine",
        "An ASGI app is one coroutine function with three parameters",
        "By an exception an app says that it does not know them",
    ),
    link(
        "https://fastapi.tiangolo.com/features/#starlette-features",
        "FastAPI stands on it, as Flask stands on WSGI",
        "FastAPI hides the agreement",
    ),
    tested(
        INLINE
        + "test_both_fastapi_servers_give_the_same_tokens_whole_and_streamed",
        "FastAPI sends each on",
    ),
    asserted(
        "wsgi-65",
        "the engine does not: while it sleeps, it keeps the baton of the whole loop",
        "No cure",
        "the word only allows it to pause",
    ),
    link(
        FASTAPI,
        "FastAPI runs both in helper threads beside the loop",
    ),
    asserted(
        "wsgi-38",
        "**Rows:** *text early* depended on nothing but the row",
        "Each of the four can stream",
        "with *a thread each* (16 are more than it needs here)",
        "**Columns:** *health alive* depended on nothing but the column",
        "And the columns do not divide into Flask and FastAPI!",
        "`/health` lived wherever another thread did the work, on Flask and on FastAPI",
        "text was early in the row *as made*, on every server",
        "`async def` around a blocking call was dead",
        "In FastAPI it became worse",
    ),
    exempt(QUESTION, "Nothing."),
    link(
        "https://github.com/Pylons/waitress/blob/main/docs/arguments.rst",
        "Waitress, one of those that Flask's documentation names, has four",
    ),
    asserted(
        "wsgi-43",
        "Three open streams are no trouble",
        "four are open, and it answers at once",
        by="three",
    ),
    tested(
        INLINE + "test_the_asgi_app_by_hand_says_what_asgi_asks_for",
        "**`send`** takes what goes back, message by message, each a dict",
        "`\"more_body\": True` says that more will come",
        "The last one has a `type` and no more",
    ),
    link(
        HTTP_OF_ASGI,
        "**`receive`** brings what the client sends, and at last that it has left",
    ),
    link(
        "https://asgi.readthedocs.io/en/latest/specs/lifespan.html",
        "(A server also asks other things than `http`",
    ),
    tested(
        INLINE + "test_the_asgi_app_by_hand_stays_until_its_client_leaves",
        "sends three words and then keeps the stream open until the client leaves",
    ),
    tested(
        YOURS + "test_each_wrong_app_is_told_its_idea",
        "Two messages are missing",
        "All calls of `send` need an `await`",
    ),
    output("wsgi-48", "Watch its lines come one by one"),
    link(
        "https://www.python-httpx.org/async/#streaming-responses",
        "`send(ask, stream=True)` returns as soon as an answer has begun",
    ),
    asserted(
        "wsgi-51",
        "It is that *waiting needs no thread*",
        by="more < 5",
    ),
    asserted("wsgi-51", "It opens fifty streams, keeps them", by="is_closed"),
    asserted(
        "wsgi-28", "Not that it streams (WSGI does), and not that nothing can block it",
        by="streamed.ttft_ms",
    ),
    link(
        "https://flask.palletsprojects.com/en/stable/deploying/gevent/",
        "(Some WSGI servers put such a loop beneath your function, with `gevent`",
    ),
    asserted("wsgi-56", "A wrong one gets status 422, with a reason", by="422"),
    asserted("wsgi-56", "From the same class FastAPI writes a description", by="Ask"),
    tested(
        INLINE + "test_the_asgi_app_by_hand_sends_each_word_when_it_has_it",
        "each `send` of a body is a piece that leaves",
    ),
    exempt(
        POINTER,
        "You probably thought so too, since many texts say it",
        "**Read on:** the two agreements",
    ),
    exempt(
        INSTRUCTION,
        "The last cell stops what was started",
    ),
]
