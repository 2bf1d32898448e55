"""What backs the sentences of notebook 02."""

from tests.lessons.facts import (
    DEFINITION,
    INSTRUCTION,
    POINTER,
    asserted,
    exempt,
    link,
    output,
    tested,
)

INLINE = "tests/lessons/test_02_inline.py::"
LLAMA = "tests/model/test_llama.py::"
ATTENTION = "https://arxiv.org/abs/1706.03762"
TINYLLAMA = (
    "https://huggingface.co/TinyLlama/TinyLlama-1.1B-Chat-v1.0/blob/main/config.json"
)
YIELD = "https://docs.python.org/3/reference/expressions.html#yield-expressions"

FACTS = [
    exempt(
        DEFINITION,
        "Always taking the best is called **greedy**",
        "`bytes_each` is how many one number has",
        "**top_p** cuts it off: keep the fewest tokens",
        "(`before` is the sum of all that are better",
    ),
    exempt(
        INSTRUCTION,
        "The second cell gives it something else in between",
        "Take a prompt of 120 tokens and an answer of 60.",
        "(The solution is folded again",
        "The second cell has the shape of a model with 1.1 billion",
    ),
    exempt(POINTER, "The library's engine has its forward pass in"),
    # 2.1, 2.2: the box, the staircase
    output(
        "generate-03",
        "A model cannot read letters.",
        "cuts a text into tokens and gives each token its number, its **id**",
    ),
    asserted("generate-03", "A token is not a word."),
    output(
        "generate-05",
        "Ids go in, as a *tensor*, a table for torch",
        "**logits** come out: one score for each of the 2048 tokens",
        "We need only the scores behind the last token",
    ),
    asserted("generate-06", "keeps nothing: the same ids gave the same logits"),
    link(
        "https://docs.pytorch.org/docs/stable/generated/"
        "torch.autograd.grad_mode.inference_mode.html",
        "(The line with `@` tells torch that nobody is training",
    ),
    asserted("generate-12", "More than three times."),
    output("generate-12", "its columns are also higher"),
    # 2.3: the row
    link(ATTENTION, "They never change, because a token sees nothing that comes after"),
    output("generate-16", "(The argument is called `cache` since transformers 5.24"),
    output("generate-16", "The second call pushed *one* token; the cache knew"),
    link(
        "https://huggingface.co/docs/transformers/cache_explanation",
        "(A pity: it has nothing to do with `tokenizer.decode`.",
    ),
    asserted(
        "generate-19", "A row instead of a staircase, and the same answer",
        by="slow_answer(prompt, 16)",
    ),
    asserted(
        "generate-19",
        "Twice the answer is almost twice the squares",
        "There is nothing that could be used again.",
        by="[2] + 15 * [1]",
    ),
    asserted("generate-21", "pushes 179 squares without a cache"),
    asserted(
        "generate-22",
        "Several times as long, but far from 179.",
        "A pass has a price that does not depend on the number of tokens",
        by="times <",
    ),
    asserted("generate-22", "That is why the first token takes longest", by="quick[0]"),
    # 2.4: the price
    link(TINYLLAMA, "its numbers often have 2 bytes"),
    asserted("generate-63", "The formula fits to the byte."),
    asserted("generate-27", "with many readers the caches need more than the model"),
    asserted("generate-30", "the lower line rises, though far less"),
    output("generate-30", "on most computers the lower one ends somewhere between"),
    # 2.5: a pull
    asserted(
        "generate-35",
        "The call itself (column 0) ran nothing",
        "the other five passes were never made, because nobody asked",
    ),
    link(
        YIELD,
        "So `yield` *sends* nothing anywhere.",
        "It lays one value down and pauses.",
        "If the body runs only at the first `next`, then so does a check",
    ),
    output("generate-37", "Its complaint about an empty prompt comes at the call."),
    asserted(
        "generate-37", "500 tokens ordered, one pulled, one made",
        by="engine.made == 1",
    ),
    # 2.6: generate_stream
    asserted("generate-19", "The same line does both.", by="[2] + 15 * [1]"),
    output(
        "generate-42",
        "With 6 there is just room for EOS.",
        "With 5 every word is there, but nobody knows",
    ),
    asserted(
        "generate-44", "In 2.6 it gave the same tokens.", by="'What is a KV cache?'"
    ),
    tested(
        f"{LLAMA}test_greedy_ids_are_equal_alone_and_in_a_batch",
        "It is another program: its own forward pass, another cache.",
    ),
    # sampling
    tested(
        "tests/engine/test_sampling.py::test_no_temperature_takes_the_most_likely",
        "Greedy tells the same story every time.",
    ),
    output("generate-47", "makes the differences larger (below 1) or smaller"),
    asserted("generate-47", "At 2.0 all others together have more than 30 %."),
    output("generate-47", "Most of these 2040 tokens are nonsense here"),
    asserted("generate-48", "The library has that function too."),
    # half characters
    link(
        "https://docs.python.org/3/howto/unicode.html",
        "Text is stored as bytes, mostly in UTF-8",
    ),
    tested(
        "tests/test_tutor.py::test_every_text_survives_the_tokenizer",
        "This tokenizer has a token for every single byte",
    ),
    asserted("generate-51", "So the `generate_stream` of 2.6 would break this emoji."),
    asserted(
        "generate-53", "The library's `Detokenizer` keeps the same promise.",
        by="''.join(shown) == tokenizer.decode",
    ),
    tested(
        "tests/engine/test_detokenizer.py::"
        "test_row_53_a_stop_string_is_never_shown_however_it_is_cut",
        "(It also waits for stop strings",
    ),
    # inside a step
    asserted(
        "generate-56", "The **embedding** is a table: each id has a row of 192 numbers",
        by="rows[0][0]",
    ),
    output("generate-56", "Each of 5 layers changes these rows twice."),
    link(
        ATTENTION,
        "the only place where tokens meet",
        "The **MLP** works on each row alone.",
    ),
    asserted("generate-56", "At the end the *head* compares each row", by="allclose"),
    # summary
    asserted(
        "generate-06", "It makes no text, takes no decision, and keeps nothing."
    ),
    asserted("generate-19", "The answer is the same.", by="slow_answer(prompt, 16)"),
    asserted("generate-63", "**Memory:** 2 × layers × key-value heads"),
    asserted(
        "generate-22", "it waits for the prefill of the whole prompt", by="quick[0]"
    ),
    tested(
        f"{INLINE}test_generate_stream",
        "**`generate_stream`** is a loop: push, choose, decode, yield",
    ),
    asserted("generate-35", "you counted 0 passes after the call"),
    link(
        "https://docs.python.org/3/library/stdtypes.html#list",
        "Only who pulls to the end, as `list(generate_stream(…))` does",
    ),
    asserted("generate-30", "The tokens after it become slower, too, but far less"),
    asserted("generate-59", "Nothing runs in the background here"),
    exempt(POINTER, "`use_cache=False` switches off what 2.3 is about."),
]
