"""What backs the sentences of notebook 04."""

from tests.lessons.facts import (
    ANALOGY,
    DEFINITION,
    INSTRUCTION,
    POINTER,
    asserted,
    exempt,
    link,
    output,
    tested,
)

INLINE = "tests/lessons/test_04_inline.py::"
EACH = "tests/runners/test_each.py::"
TASKS = "https://docs.python.org/3/library/asyncio-task.html"
LOOP = "https://docs.python.org/3/library/asyncio-eventloop.html"

FACTS = [
    exempt(
        DEFINITION,
        "a small coroutine on the loop, which wants to wake every 20 milliseconds",
        "`watch(label, app)` starts that server with a heart on its loop",
        "Such an object, which stands for the end and can be nothing else",
        "(`ge`: at least, `le`: at most.",
        "It waits until the engine makes nothing more, and returns how many tokens",
        "A reader closes the tab after 5 of 60 tokens",
    ),
    exempt(
        INSTRUCTION,
        "Now the same heart on the loop of a *server*",
        "Now one engine multiplies matrices for 50 milliseconds per step",
        "Here a step is a fixed piece of work, counted in Python, and 16 of them",
        "Here a coroutine waits for an item, on a fresh loop",
        "After 0.1 seconds another thread (a `Timer`) brings it",
    ),
    exempt(
        POINTER,
        "Everything is there: `generate_stream` (2.6), events (3.2), steps in an",
        "4.4 said that `asyncio.Queue` is not thread-safe",
        "If you thought that `await` sends the work to the background, remember",
        "Python's own page on blocking code, threads, and how to find what holds",
    ),
    exempt(ANALOGY, "\"Python has a lock, the GIL: only one thread runs"),
    link(
        f"{TASKS}#asyncio.create_task",
        "`create_task` puts a coroutine on the loop's list and goes on",
    ),
    output("executor-02", "Hardly late at all: nobody else wanted the baton"),
    exempt(
        DEFINITION, "It makes ten tokens, and for each it *sleeps* 50 milliseconds"
    ),
    link(
        "https://docs.python.org/3/library/time.html#time.sleep",
        "and it takes the same time on every computer",
    ),
    asserted(
        "executor-06",
        "Each step runs on the loop's own thread, with the baton in its hand",
        "So it never gives the baton back",
        by="peak_ms",
    ),
    asserted(
        "executor-06",
        "And yet the tokens arrived one by one",
        "Whoever reads the text notices nothing",
        by="median_gap_ms",
    ),
    output("executor-06", "Whoever asks `/health` thinks that the server is dead"),
    link(
        "https://github.com/python/cpython/blob/3.13/Lib/asyncio/selector_events.py",
        "asyncio gives the bytes to the operating system at once, if that takes them",
    ),
    link(
        "https://docs.python.org/3/library/asyncio-platforms.html",
        "asyncio has another loop for Windows, and the `assert` leaves it out",
    ),
    link(
        "https://docs.python.org/3/reference/expressions.html"
        "#asynchronous-generator-functions",
        "it gives one item after the other, as a generator does, and may `await`",
    ),
    link(
        "https://docs.python.org/3/library/functions.html#next",
        "At the end of the generator it does not raise `StopIteration` but returns",
    ),
    asserted(
        "executor-11",
        "As frozen as before",
        "*`await` starts a thread:* then the loop would have been free",
        "*`await` lets the others run:* only if there is something to wait for",
        "`one_step` waits for nothing",
        "**`await`** starts no thread, and lets others run only if it really waits",
        "`compute` waits for nothing, so it keeps the baton for two seconds",
    ),
    link(
        f"{TASKS}#sleeping",
        "*let the others go first, then go on with me*",
    ),
    asserted("executor-14", "Half thawed: the beats come, but late", by="peak_ms"),
    asserted("executor-14", "`/health` is worse", by="slowest_ping_ms"),
    tested(
        INLINE + "test_between_two_steps_a_beat_waits_for_the_rest_of_one_and_two_more",
        "A beat falls due in the middle of a step, say 30 milliseconds before its end",
        "In the next turn the loop sees that its time has come, and puts it behind",
        "Now the coroutine may go on, and stands in line behind one step more",
    ),
    link(
        f"{LOOP}#asyncio.loop.run_in_executor",
        "(`None` means the loop's own group.",
        "To `await` it is a real wait: the loop is free until the result is there",
    ),
    asserted(
        "executor-19",
        "nearly all beats came",
        "The executor keeps the loop free, and nothing else",
        by="free.came",
    ),
    asserted(
        "executor-19",
        "Ten steps of 50 milliseconds are 500, if nothing else takes time",
        "each step still waits for the one before",
        by="free.ended",
    ),
    link(
        "https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor",
        "With two readers, two threads of the executor may be inside the engine at the",
    ),
    link(
        "https://docs.python.org/3/library/queue.html#queue.Queue.get",
        "Its `get` blocks the thread until there is an item",
    ),
    link(
        "https://docs.python.org/3/library/asyncio-queue.html",
        "It is *not* thread-safe",
    ),
    asserted(
        "executor-39",
        "`loop.call_soon_threadsafe(f, x)` makes the loop call `f(x)`, and wakes it if",
        "The item was in the queue after 0.1 seconds",
        "and `put_nowait` from another thread does not wake it",
        "In a test, where something always happens, nobody sees it",
    ),
    tested(
        INLINE + "test_an_error_ends_one_answer_only",
        "An error ends one job only: it goes to its reader as an item",
    ),
    tested(
        INLINE + "test_a_reader_whose_loop_is_closed_has_left_and_the_thread_lives",
        "If the reader's loop is closed, `push` counts that as leaving",
    ),
    link(
        "https://docs.python.org/3/library/functions.html#iter",
        "(`iter(jobs.get, None)` calls `get` again and again",
    ),
    tested(
        INLINE + "test_who_leaves_before_its_turn_costs_no_step",
        "Not one: `left` is true when its turn comes",
    ),
    tested(
        EACH + "test_row_03_every_step_of_all_requests_runs_on_one_thread",
        "The library has both ways, with limits and clear errors added",
    ),
    tested(
        "tests/runners/test_thread.py::test_requests_take_turns_step_by_step",
        "Each step of the latter serves all requests",
    ),
    tested(
        "tests/engine/test_fake.py::"
        "test_it_counts_what_it_made_and_computes_only_when_asked",
        "`next` is a *pull*: a generator makes nothing unless somebody pulls",
    ),
    link(
        "https://github.com/Kludex/starlette/blob/main/starlette/responses.py",
        "With the server used here, `StreamingResponse` listens for it beside your",
        "But somebody must hear that the reader has gone",
        "it listens for the goodbye, or finds the connection closed when it sends",
    ),
    asserted(
        "executor-35",
        "The frozen server made all 60",
        "and the whole answer where nobody can",
        "and the whole answer if nobody can",
        "the frozen server made all 60 tokens",
        by="== 60",
    ),
    asserted(
        "executor-35",
        "With the others it was heard at once",
        by="max",
    ),
    tested(
        EACH + "test_row_06_who_leaves_during_the_prefill_costs_one_step",
        "the goodbye is noticed *before the next step*",
    ),
    tested(
        INLINE + "test_a_limit_on_waiting_does_not_end_the_step_that_is_waited_for",
        "nothing can stop a step that has begun (4.5)",
        "It runs to its end in its thread",
    ),
    link(
        "https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code",
        "Only another thread or process takes the work away",
    ),
    tested(
        INLINE + "test_it_answers_as_the_tutorials_in_both_modes",
        "With `\"stream\": true` the answer comes as events, else as one JSON",
    ),
    tested(
        INLINE + "test_it_refuses_an_empty_prompt_with_422",
        "FastAPI answers a wrong one with status 422, and says why",
        "yours answers an empty prompt with 422",
    ),
    tested(
        INLINE + "test_a_failing_engine_breaks_the_stream_off_without_done",
        "Because then a stream whose engine fails would end with it too",
        "Here the error breaks the connection off",
    ),
    link(
        "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "or a browser's EventSource refuses it",
    ),
    tested(
        INLINE + "test_the_engine_refuses_at_the_call",
        "`generate_stream` itself looks at the request at once, before a header",
    ),
    link(
        "https://curl.se/docs/manpage.html",
        "`curl` in front: a program for the terminal that speaks HTTP",
        "(`-i`: headers too; `-N`: each line at once; `-H`, `-d`",
    ),
    tested(
        INLINE + "test_it_is_described_for_programs_and_for_people",
        "FastAPI has described it: at `/openapi.json` for programs",
    ),
    link(
        "https://fastapi.tiangolo.com/how-to/custom-docs-ui-assets/",
        "(Its looks come from the network; `create_app` brings them along.)",
    ),
    asserted(
        "executor-70",
        "When the headers of a stream go out, nobody knows how long it will be",
        by="content-length",
    ),
    link(
        "https://www.rfc-editor.org/rfc/rfc9112.html#section-7.1",
        "the stream's parts come with a length each, `chunked`",
    ),
    asserted(
        "executor-72",
        "The same server stands in one file, as the tutorial has it",
        by="mine ==",
    ),
    tested(
        "tests/test_baselines.py::"
        "test_the_tutorials_demo_shows_one_answer_in_both_modes",
        "`python lab_utils/baselines/tutorial_server.py --demo` shows both modes",
    ),
    tested(
        INLINE + "test_the_tutorials_says_500_or_200_to_an_empty_prompt",
        "The tutorial's class has only <code>prompt: str</code>",
        "Whole: 500, since the engine raises an error that nobody turns into an answer",
        "Stream: 200, and then the connection breaks",
    ),
    link(
        "https://docs.pydantic.dev/latest/concepts/fields/",
        "Pydantic checks what you declare, and no more",
    ),
    asserted(
        "executor-77",
        "Down goes the question, and up comes one event for each step",
        by="len",
    ),
    output(
        "executor-77",
        "The orange block is the prefill: most of the wait for the first token",
        "Between two blocks the loop has the token, writes it, and sends for the next",
    ),
    asserted(
        "executor-77",
        "Each blue block is a decode step, shorter by far",
        by="prefill_s",
    ),
    tested(
        INLINE + "test_the_long_prompt_has_120_tokens",
        "It is a long prompt, of 120 tokens, for which the *prefill* (2.3) has to work",
    ),
    tested(
        "tests/server/test_streaming.py::"
        "test_row_04_05_who_leaves_a_stream_frees_its_slot",
        "What this server lacks, `create_app` adds",
    ),
    tested(
        INLINE + "test_who_leaves_a_whole_answer_does_not_end_it",
        "and a whole answer is made to its end",
    ),
    asserted("executor-43", "Either way all tokens come and no"),
    link(
        "https://github.com/python/cpython/pull/123033",
        "Up to Python 3.12.5, and in every 3.11, the `await` then *never ends*",
        "From 3.12.6 on it raises a `RuntimeError`, which that `except` does not catch",
    ),
    link(
        "https://peps.python.org/pep-0479/",
        "it is how generators end, so it may not come out of an `await`",
    ),
    tested(
        INLINE + "test_a_lock_in_a_generator_takes_all_threads_of_the_pool",
        "A *lock* in the generator, so that only one answer is made at a time",
        "If those fill the pool, the next step of the one who holds it finds",
    ),
    tested(
        INLINE + "test_a_generator_that_a_thread_is_inside_of_cannot_be_closed",
        "closing such a generator while a thread is inside of it raises a",
    ),
    tested(
        INLINE + "test_all_steps_are_taken_by_the_engine_thread",
        "One engine thread has none of these troubles",
    ),
    link(
        "https://docs.python.org/3/library/sys.html#sys.setswitchinterval",
        "keeps the lock until it is told to hand it over, 5 milliseconds later",
    ),
    output("executor-55", "(A beat may have to wait for the lock more than once.)"),
    output("executor-79", "About as many as one: only the holder of the lock counts"),
    link(
        "https://docs.python.org/3/howto/free-threading-python.html",
        "Python has a second build, without the lock",
    ),
    link(
        "https://docs.pytorch.org/docs/stable/notes/cpu_threading_torchscript_inference"
        ".html",
        "but one large model keeps them all busy already",
    ),
    link(
        "https://github.com/vllm-project/vllm/blob/main/vllm/v1/engine/async_llm.py",
        "its engine runs in a process of its own, and each request has a queue",
    ),
]
