"""What backs the sentences of notebook 06."""

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

INLINE = "tests/lessons/test_06_inline.py::"
TIMELINE = "tests/test_timeline.py::"
RECORDING = "tests/test_recording.py::"
LIVE = "tests/panel/test_live.py::"
READING = "tests/props/test_reading.py::"
GIL = "https://docs.python.org/3/glossary.html#term-global-interpreter-lock"

FACTS = [
    exempt(
        DEFINITION,
        "A server has sent 20 tokens.",
        "The first came after 0.5 s, the last after 1.45 s",
        "`run` is a **timeline**",
        "**Time to first token**, which you know",
        "`run.until(1.46)` is the timeline as it stood",
        "**Flask, one thread**: the whole answer at once",
        "**FastAPI, whole answer**: also at once",
        "**FastAPI, streaming**: each token as it is made.",
        "Same recording, another question",
        "**buffered**: somebody between server and you",
        "Of 100 gaps, 95 are not longer.",
        "The rule: skip drawings, never tokens.",
    ),
    exempt(
        INSTRUCTION,
        "Ask for 200 tokens, read 20, press *Stop*.",
        "Press ▶ and watch for a while in real time",
        "Then choose × 10, or drag the slider.",
        "Say you read 4 tokens per second",
        "Now drag the slider to 10.",
        "**Your turn:** the three looks as code.",
        "turn the answers into",
        "The same run twice: recorded only",
        "Two of the lanes you can draw by now",
    ),
    exempt(
        QUESTION,
        "<summary>A healthy FastAPI server sends the answer whole",
        "A whole answer, as JSON, shows",
        "A stream ended after 12 tokens.",
    ),
    exempt(POINTER, "**Read on:** how the field counts"),
    exempt(ANALOGY, 'Whoever says "we changed to FastAPI, why does it feel'),
    # 6.1: three numbers
    output(
        "panel-03",
        "If you doubled 1.45 s, your diamond stands behind the last tick.",
        "Only then do the tokens come, one every 0.05 s.",
    ),
    tested(f"{TIMELINE}test_n_tokens_have_n_minus_one_gaps", "So *n* tokens have"),
    asserted("panel-06", "One token has no gap, and no speed either", by="[0.5]"),
    output("panel-06", "this server would look a third slower than it is"),
    # 6.2: the panel
    tested(
        f"{RECORDING}test_pings_are_sent_on_a_schedule_while_none_is_answered",
        "the pings go out on a schedule",
    ),
    asserted("panel-11", "The asserts say just that, as parts of the whole time",
             by="run.ttft_ms"),
    output("panel-11", "the first token takes longer than a gap"),
    tested(
        f"{TIMELINE}test_the_95th_percentile_ignores_one_gap_of_a_hundred",
        "One such dot does not move the median",
    ),
    # 6.3: Stop
    tested(
        f"{LIVE}test_stop_ends_the_request_and_frees_its_slot",
        "The panel then leaves as a closed browser tab does",
    ),
    tested(
        f"{LIVE}test_a_run_can_be_awaited",
        "In code: `generate` returns at once",
        "That is why `generate` returns at once.",
    ),
    output("panel-17", "The engine made a step or two more at most"),
    link(
        "https://github.com/ipython/ipykernel/blob/main/CHANGELOG.md",
        "With ipykernel 7.4 *Stop* also works while a cell waits",
        "since ipykernel 7.4 also while a cell awaits",
    ),
    tested(
        "tests/server/test_streaming.py::"
        "test_row_08_who_leaves_a_whole_answer_frees_its_slot",
        "a server can notice a closed connection at any time, if it listens",
    ),
    # 6.4: the race
    asserted("panel-23", "Each has an engine of its own, with the same model and pace",
             by="blocked.text"),
    asserted("panel-23", "Nobody won: the same text, finished", by="blocked.text"),
    asserted("panel-23", "Only streaming shows text early.", by="whole.ttft_ms"),
    asserted("panel-23", "Only Flask with its one thread is dead", by="third_ms"),
    asserted("panel-23", "Its `/health` is perfect", by="alive.waits_ms"),
    # 6.5: a real size
    output(
        "panel-27",
        "100 tokens take long on a small computer",
        "these two runs were recorded for you, on a machine with two processor cores",
    ),
    tested(
        f"{TIMELINE}test_timelines_survive_the_way_to_a_file_and_back",
        "A recording is a file of timelines, nothing more.",
    ),
    asserted("panel-30", "One reader has about half of the text",
             by="len(flowing.arrivals)"),
    asserted("panel-30", "Not one ping of the Flask server was answered",
             by="frozen.unanswered"),
    output(
        "panel-30",
        "The small difference says nothing about the servers.",
        "a computer is never equally quick twice",
    ),
    # 6.6: the reader's curve
    tested(
        f"{READING}test_streamed_is_read_when_it_is_made_and_whole_only_then_begun",
        "Without streaming: flat, a cliff, and only then you *begin*.",
    ),
    asserted("panel-35", "With streaming you read along, and finish much earlier."),
    output("panel-35", "the last token is there at about the same time."),
    tested(
        f"{READING}test_a_slow_reader_gains_little_more_than_the_wait",
        "At most that half second, of 25 spent reading",
    ),
    # 6.7: illnesses
    asserted(
        "panel-43",
        "If you looked only at the first token, they would be",
        "The text looks healthy, and only the pings know.",
    ),
    output("panel-40", "(It is D's server, Flask with one thread"),
    tested(
        f"{LIVE}test_a_blocked_server_shows_waiting_pings",
        "A blocked event loop looks the same.)",
    ),
    tested(
        f"{INLINE}test_a_short_answer_is_not_a_cancelled_one",
        "That alone says nothing: short answers are short.",
        "You cannot tell from its length.",
    ),
    tested(
        f"{INLINE}test_diagnose_is_right_at_every_pace",
        "Everything is compared with the run's own total",
        "*Buffered*: late, all at once, `/health` alive.",
        "From outside the two look the same: somebody kept the tokens.",
        "you must ask at another place on the way",
        "always against the total",
    ),
    # the side path
    output("panel-51", "another *draws*, ten times a second"),
    tested(
        f"{INLINE}test_growing_is_a_timeline_until",
        "First the state, which knows nothing of pictures.",
    ),
    tested(
        f"{INLINE}test_the_picture_obeys_no_model",
        "Then a picture that remembers nothing",
    ),
    asserted("panel-51", "Every token was written down, and few were drawn",
             by="drawn <"),
    asserted("panel-53", "The library's panel is made in the same way"),
    asserted("panel-55", "The median gap is the same: nobody waits for a drawing."),
    link(
        GIL,
        "Painter and recorder share one Python, and while one computes",
        "At 10 frames a second few are; with a frame per token, all would be.",
    ),
    asserted("panel-59", "The panels stay, with nothing behind them."),
]
