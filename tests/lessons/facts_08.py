"""What backs the sentences of notebook 08."""

from tests.lessons.facts import (
    DEFINITION,
    INSTRUCTION,
    QUESTION,
    asserted,
    exempt,
    link,
    output,
    tested,
)

VLLM = "https://github.com/vllm-project/vllm/blob/main/vllm"
ORCA = "https://www.usenix.org/conference/osdi22/presentation/yu"
GIL = "https://docs.python.org/3/glossary.html#term-global-interpreter-lock"
SLOTS = "tests/props/test_slots.py::"
LLAMA = "tests/peers/test_llama_cpp.py::"
PROCESS = "tests/runners/test_process.py::"

FACTS = [
    exempt(
        DEFINITION,
        "The engine can push eight tokens at once, one for each",
        "The obvious way is that of a bus",
        "Each row is a slot, each tick a token, and hatched",
        "Its scheduler gets the same eight requests.",
        "Many requests begin alike, with the same long instruction.",
        "All answers have the same length and arrive together.",
        "Someone sends a prompt of 8,000 tokens",
    ),
    exempt(
        INSTRUCTION,
        "In order of arrival, and never more than there are slots.",
        "Take an engine that computes nothing, and stream 400 tokens",
        "Rows 2, 4 and 6 we can run on ours",
    ),
    exempt(QUESTION, "*a* a short answer, as if complete; *b* an error"),
    # 8.2: eight in one step
    asserted("big-11", "**A step for eight** costs much less than eight for one"),
    tested(SLOTS + "test_a_late_reader_waits_for_all_before_it",
           'If you thought "nobody, each stream is slower"'),
    # 8.3: who joins
    output("big-15", "B, C and D had short answers and left early"),
    asserted("big-22", "The same tokens, in far fewer steps.", by="len(joined.steps)"),
    link(ORCA, "It was published in 2022 under the name"),
    tested(SLOTS + "test_nothing_is_quicker_than_the_longest_answer",
           "Nothing can be quicker here: A alone needs all these steps."),
    asserted("big-24", "Slot for slot the same."),
    tested("tests/engine/test_scheduler.py::"
           "test_a_long_prompt_delays_the_others_by_one_budget_per_step",
           "So the large servers cut it into pieces",
           'If you thought "only the sender": a step is shared.'),
    tested(SLOTS + "test_equal_answers_gain_nothing",
           "Nothing: they end together, and the bus is never half empty.",
           'If you said "it is always quicker": it wins by'),
    # 8.4: over the process boundary
    link(GIL, "A thread shares one Python with the event loop"),
    link(f"{VLLM}/v1/engine/core_client.py", "They travel over **ZeroMQ**"),
    # 8.5: kill it
    tested(PROCESS + "test_row_23_a_killed_engine_is_told_to_everybody_within_a_second",
           "Nobody gets a chance to say goodbye.",
           "The reader got an error event and no `[DONE]`"),
    asserted("big-37", "`/health` says 503 from now on.",
             "**After a death** open streams end with an error event"),
    tested(PROCESS + "test_row_24_a_step_that_does_not_end_is_noticed",
           "One must also notice that no step ends",
           'If you said "yes, `/health` would fail"'),
    # 8.6: one client for all
    output("big-42", "Your SSE from notebook 03, with more around each piece"),
    asserted("big-49", "Word for word the same.",
             "two programs that share no line read the same weights",
             by="run.text == said"),
    tested(LLAMA + "test_our_client_and_our_panel_draw_its_tokens",
           "If it is installed, it serves the same weights",
           "Its ticks stand closer than ours would"),
    asserted("big-49", "What you have learned to see is all there", by="run.pings"),
    tested("tests/test_address.py::test_panel_and_race_draw_it",
           "`http://…/v1` of a vLLM, an SGLang or a hosted model"),
    tested("tests/peers/test_vllm.py::test_our_client_and_our_panel_read_it",
           "A vLLM on your own weights is two commands away"),
    # Side paths
    output("big-54", "Against a step of 5 ms it is little."),
    link("https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/cli/serve.py",
         "So vLLM has `--api-server-count`"),
    asserted("big-59", "That pays only if pushing five tokens costs little more",
             "It pays for the same reason as in 8.2"),
    tested("tests/model/test_memory.py::test_memory_is_taken_as_it_is_used",
           "Each of our slots reserves room for the longest text"),
    asserted("big-50d", "It is too large to come along, but a recorded run",
             "A hundred tokens, and all the same.", by="theirs.text"),
]
