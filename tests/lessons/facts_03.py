"""What backs the sentences of notebook 03."""

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

INLINE = "tests/lessons/test_03_inline.py::"
STREAMING = "tests/server/test_streaming.py::"
SSE = "https://html.spec.whatwg.org/multipage/server-sent-events.html"
HTTP = "https://www.rfc-editor.org/rfc/rfc9112.html"
SOCKET = "https://docs.python.org/3/library/socket.html"
CURL = "https://curl.se/docs/manpage.html"

FACTS = [
    link(
        f"{SOCKET}#socket-objects",
        "It carries bytes and nothing else",
        "It waits until there is something to read and returns it, at most 4096 bytes",
    ),
    link(f"{HTTP}#section-2.1", "HTTP is a way to write on a socket"),
    link(
        f"{HTTP}#section-2.2",
        "HTTP ends its lines with two characters, `\\r\\n`, where Python has",
    ),
    output(
        "sse-03",
        "The line before them says `200 OK`",
        "`text/event-stream` announces",
    ),
    asserted("sse-04", "And the last event, `[DONE]`, is no token", by="events == 6"),
    asserted(
        "sse-04",
        "Each message is called a **server-sent event**",
        "Why six, for three words?",
        by="events == 6",
    ),
    exempt(POINTER, "It says that the answer is over; 3.5 shows why that needs saying"),
    link(
        f"{HTTP}#section-7.1",
        "(HTTP/1.1, which answers here, may wrap pieces in parcels",
    ),
    asserted(
        "sse-04", "We asked in the old HTTP/1.0, and it did not.)", by="endswith"
    ),
    exempt(
        DEFINITION,
        "The reader takes events until the end sign",
        "*Join* the bytes in a **buffer**, a place where bytes wait",
        "*Decode* only what is whole, and cut it into lines",
        "The client turns each read into text at once, with `decode()`",
        "a program that passes requests on, such as nginx",
        "Ours collects 4096 bytes before it passes anything on",
    ),
    asserted(
        "sse-09",
        "Only `Café` came back as it was",
        "The reader stopped, and `blue` was never read, although it travelled",
        "Bare text loses what comes after a line break, and a token can forge",
        by="whole",
    ),
    tested(
        "tests/props/test_wire.py::test_a_line_without_a_field_is_ignored",
        "It has no colon, so all of it is the *name* of a field",
    ),
    asserted(
        "sse-09",
        "`retry: 60000` is a name that readers know, and obey",
        "Text of the model has become an order to the client; it is *injected*",
        by="retries",
    ),
    link(
        "https://www.rfc-editor.org/rfc/rfc8259.html",
        "the text format for dicts and lists that every language can read",
    ),
    asserted(
        "sse-11b",
        "JSON writes a line break as two characters, `\\` and `n`",
        "And a token inside `{\"token\": …}` never looks like the bare sign",
        by="json.loads",
    ),
    asserted(
        "sse-11b",
        "The cell sends the same five again, and compares with what the library's",
        by="encode({",
    ),
    link(
        "https://docs.python.org/3/library/json.html#json.dumps",
        "`json.dumps` writes every sign beyond plain English so",
    ),
    exempt(
        ANALOGY,
        "A connection is like water in a pipe: nobody sees in how many cups",
        "If you thought that the end is the end: for EventSource it is an accident",
    ),
    asserted("sse-15", "`recv` gives what has arrived"),
    output(
        "sse-17b",
        "The second ends the client: half a character (two bytes, underlined) is no",
    ),
    link(
        "https://docs.python.org/3/library/codecs.html#error-handlers",
        "`decode(errors=\"ignore\")` drops what is no text",
    ),
    exempt(
        INSTRUCTION,
        "The cell after it is folded: it has a solution, which is used only while",
        "Then both get the stream without its last byte: the last event must not come",
        "We start curl from here, with and without, and note when each event comes",
        "A third time curl asks, with `-N`, but a *proxy* stands between",
        "The engine makes ten tokens in about 600 ms",
        "Below is its way of working, in Python, with a short wait and a limit of five",
        "Join bytes, split at blank lines, decode only what is whole, drop",
    ),
    tested(
        INLINE + "test_parse_finds_the_same_for_every_cut",
        "The last part is always unfinished, perhaps empty: it stays in the buffer",
        "Only *with which read* each is complete changes",
    ),
    link(
        f"{SSE}#event-stream-interpretation",
        "One space behind it belongs to the format",
        "The standard demands that the rest is dropped",
        "only a blank line says that an event is whole",
    ),
    link(
        "https://docs.python.org/3/library/stdtypes.html#str.splitlines",
        "and `\\u2028` (drawn as �), which some programs take for a line end",
    ),
    asserted(
        "sse-26b",
        "Nobody knows how it would have gone on: `data: 1` may be the beginning",
        by="expected[:-1]",
    ),
    tested(
        "tests/engine/test_fake.py::test_it_fails_at_the_step_it_was_told",
        "fails when told to; this one, when two tokens are out",
    ),
    link(
        "https://www.rfc-editor.org/rfc/rfc9110.html#section-15",
        "200 *it works*, 400 *your request is wrong*, 500 *the server failed*",
        "An empty prompt is the client's mistake: status 400",
    ),
    asserted(
        "sse-33",
        "The status is 200!",
        "Status 200, two tokens, a polite close: it looks like a whole answer",
        "Status 200 says none of this",
        "If you thought that 200 means *it worked*",
    ),
    link(
        f"{HTTP}#section-2.1",
        "It cannot be taken back",
        "It went out first, when the first token was there and all was well",
    ),
    tested(
        STREAMING + "test_row_21_an_error_in_the_middle_is_one_event_and_then_done",
        "So the server reports the failure *in* the stream",
    ),
    asserted(
        "sse-36",
        "What fails later can only be told inside the stream, by an error event",
        "So a good client knows three endings",
    ),
    tested(
        "tests/test_client.py::test_an_error_in_the_middle_is_a_failed_stream",
        "`LabClient`, in the last cell, tells them apart too",
    ),
    asserted(
        "sse-41",
        "200, and then not one byte: the connection breaks",
        "Calling a function that contains `yield` runs *none* of it",
        "By then FastAPI had sent the headers",
        "**Early errors:** a generator's first line runs after the headers",
    ),
    tested(
        STREAMING + "test_row_20_an_error_before_the_first_token_is_a_500",
        "it holds the headers back until the first token is there",
    ),
    asserted("sse-43", "So an engine that fails *at once* is an honest 500"),
    link(
        SSE,
        "Events are defined in the *HTML Standard* of the WHATWG",
        "They were made for browsers, and for news that never end",
        "One of the standard's own examples has four blocks, another has three",
        "A browser has a client for such streams built in",
        "in the HTML Standard: the format on one page, and how a browser reads it",
    ),
    tested(
        INLINE + "test_the_example_of_the_standard_ends_its_lines_as_it_likes",
        "And lines may end with `\\n`, `\\r\\n` or a lone `\\r`; our `parse` knows",
        "The bare `id` sets the id back to nothing",
    ),
    asserted(
        "sse-46",
        "A comment is none",
        "In the other example there are two: an empty one, and one line break",
        "The last `data:` has no blank line behind it, so it never becomes an event",
    ),
    link(
        f"{SSE}#the-eventsource-interface",
        "It can only `GET`, hence the prompt in the address, and it refuses an answer",
        "it waits a few seconds and connects again",
    ),
    asserted(
        "sse-49", "The page asked five times, and the engine made the answer five times"
    ),
    link(
        "https://fastapi.tiangolo.com/tutorial/server-sent-events/",
        "FastAPI (from 0.135 on) can write events for you",
        "[FastAPI's page on server-sent events]",
    ),
    asserted("sse-63", "Nothing of its own, for either", by="DONE]' not in"),
    tested(
        INLINE + "test_fastapi_ends_a_stream_that_fails_without_a_word",
        "An error event, or `[DONE]`, you must yield yourself",
    ),
    exempt(POINTER, "Sections 3.5 and 3.6 remain your work"),
    tested(
        INLINE + "test_without_curl_python_reads_the_same",
        "Nothing on this wire is Python's",
    ),
    asserted(
        "sse-55",
        "The server did the same each time",
        "The proxy had a buffer too, and against that `-N` does nothing",
        "So when all events come at the end, it is not always the server's fault",
        by="3 *",
    ),
    link(CURL, "Plain curl got every event in time, too", "`-N` means *no buffering*"),
    tested(
        INLINE + "test_to_a_terminal_curl_writes_line_by_line",
        "(When curl writes to a terminal, it keeps one line at most",
    ),
    link(
        "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering",
        "nginx collects answers unless it is told not to",
        "who holds events back, and the header against it",
    ),
    tested(
        INLINE + "test_a_compressor_keeps_what_it_is_given",
        "Two bytes to begin with, then none, until enough has come or it is told to",
    ),
    asserted("sse-11b", "**Writing:** JSON as payload", by="json.loads"),
    exempt(
        QUESTION,
        "In production it sometimes reports invalid JSON",
        "Same code, same server",
        "The log shows only status 200, and users complain about half answers",
        "A page counts the events of a stream and writes <em>20 words</em> below",
    ),
    link(
        "https://developer.mozilla.org/en-US/docs/Web/API/EventSource",
        "on MDN, for the page in the browser",
    ),
]
