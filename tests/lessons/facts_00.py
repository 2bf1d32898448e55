"""What backs the sentences of notebook 00."""

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

FACTS = [
    output(
        "start-02",
        "looks at your installation and says in words what it found",
        "**Checked:** `doctor()` says what is installed and what is running.",
    ),
    tested(
        "tests/test_installation.py::"
        "test_a_missing_package_is_named_with_the_command_that_installs_it",
        "`✗` must be fixed first, and the line below it says how",
    ),
    exempt(
        DEFINITION,
        "`temperature=0` means: always take the likeliest token",
        "A *thread* is a second line of work in the same program",
        "The Python that runs these cells is called the **kernel**",
    ),
    tested(
        "tests/engine/test_model_engine.py::"
        "test_a_pace_makes_every_step_last_prefill_included",
        "every token takes at least 40 milliseconds",
    ),
    asserted(
        "start-07",
        "`' answer'` brings its own space along, and the full stop is a token too",
        "The last one is empty: the model made an *end* token",
        by="pieces[-1]",
    ),
    asserted(
        "start-07",
        "**Pieces:** a model makes its text token by token; an end token says *done*",
        by="join",
    ),
    link(
        "https://docs.python.org/3/reference/simple_stmts.html#the-assert-statement",
        "The `assert` line checks a claim: silence means that it is true",
    ),
    exempt(POINTER, "**Read on:** working with cells"),
    exempt(ANALOGY, "So far only this notebook can use the engine"),
    link(
        "https://www.rfc-editor.org/rfc/rfc9110.html",
        "They talk HTTP, the rules by which browsers and web sites exchange messages",
    ),
    tested(
        "tests/server/test_background.py::"
        "test_a_loop_of_its_own_leaves_the_callers_loop_alone",
        "The server starts inside it, in the background, so the notebook stays free",
        "**Started:** a server can live inside the notebook's Python, in a thread",
    ),
    link(
        "https://www.rfc-editor.org/rfc/rfc6890.html#section-2.2.2",
        "`127.0.0.1` means *this computer*",
    ),
    output(
        "start-12",
        "`status` is `ok`, and `running` is 0: no answer is being made now",
    ),
    tested(
        "tests/server/test_background.py::test_it_serves_any_asgi_app",
        "Everything happens on your computer, and yet cell and server really talk over",
    ),
    tested(
        "tests/server/test_background.py::"
        "test_row_32_a_cell_run_again_replaces_its_own_servers_only",
        "It stops the old server and starts a new one *at a new address*",
    ),
    link(
        "https://docs.python.org/3/library/html.html#html.escape",
        "`escape` makes `<` and `&` plain characters, so that a browser shows the text",
    ),
    tested(
        "tests/engine/test_fake.py::test_it_stops_at_max_tokens_and_says_so",
        "It has up to 300 tokens",
    ),
    tested(
        "tests/test_tutor.py::test_the_same_seed_gives_the_same_text",
        "`seed=7` fixes the dice: the same story on every run",
    ),
    asserted("start-21", "The first token came long before the last"),
    asserted(
        "start-24",
        "Streaming does not make the answer come sooner",
        "**Watched:** streaming changes when you start reading, not when the answer is",
        "You measured both ways: the last token comes at about the same time",
        by="at_once_ms <",
    ),
    asserted("start-24", "The same text in about the same time", by="answer.text"),
    asserted(
        "start-21",
        "It lets you *start reading* sooner",
        "Only the first one comes earlier",
        by="first_ms <",
    ),
    exempt(
        INSTRUCTION,
        "Ask for the same story in the ordinary way: nothing until it is whole",
        "with 6 GB of memory to spare, try `\"random:tinyllama-1.1b\"`",
    ),
    asserted(
        "start-27",
        "It answered at once, in the middle of its work",
        "after the loop was left with `break`, nothing was running",
        "Leaving the loop closed the connection, and this server listens for that",
    ),
    exempt(
        POINTER,
        "A simple server may do neither; notebooks 01 and 04 show one of each, and why",
        "Notebook 04 counts the tokens that other servers go on making for nobody",
    ),
    output("start-31", "it has about two million **parameters**"),
    link(
        "https://huggingface.co/models?pipeline_tag=text-generation&sort=downloads",
        "The models you may know have billions",
    ),
    asserted(
        "start-31",
        "Wrong, and nothing in the sentence warns you",
        "**Tested:** on what it has not practised a model can be wrong",
    ),
    tested(
        "tests/test_tutor.py::test_held_out_two_digit_sums",
        "Sums of two digits it has practised; three digits look different",
    ),
    link(
        "https://arxiv.org/abs/2005.14165",
        "Larger models make fewer such mistakes, but they work in the same way",
    ),
    exempt(ANALOGY, "For these lessons the model only has to be quick, free and yours"),
    tested(
        "tests/lessons/test_in_order.py::"
        "test_every_cell_runs_twice_and_no_catch_up_is_needed",
        "skip these cells or run them, as you like: they change nothing",
    ),
    tested(
        "tests/props/test_so_far.py::test_what_is_missing_is_made",
        "it makes what the sections before would have made",
    ),
    asserted("start-42", "above all what you wrote yourself, stays yours"),
    output("start-35", "They speak nonsense, at about the speed of a real model"),
    output("start-37", "It made a private Python environment"),
    tested(
        "tests/test_cli.py::test_it_serves_until_a_signal_and_then_ends_cleanly",
        "That Python can also run the project without a notebook",
    ),
    link(
        "https://docs.python.org/3/glossary.html#term-global-interpreter-lock",
        "each have a thread of the one program, and they take turns",
    ),
    output("start-10", "the cell which started it was finished at once"),
    asserted("start-41", "The last cell stops what was started"),
    tested("tests/browser/test_playground.py::test_an_answer_streams_into_the_page",
           "Click the address: there you can ask the model"),
]
