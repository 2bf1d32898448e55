"""What backs the sentences of notebook 07."""

from tests.lessons.facts import (
    ANALOGY,
    DEFINITION,
    INSTRUCTION,
    QUESTION,
    asserted,
    exempt,
    link,
    output,
    tested,
)

TURN = "tests/props/test_your_turn.py::"
TIMELINE = "tests/test_timeline.py::"

FACTS = [
    exempt(
        DEFINITION,
        "Here is a stream of 40 tokens, one every 10 ms",
        "What you compare: the library's own forward pass",
        "Each of the two functions makes 30 tokens",
        "Now 1, 2, 4 and 8 at once, at two servers",
        "A server has room for so many at once and for so many in the queue.",
        "This one has two places and a queue of two",
        "`llama.cpp`'s server, if it is installed",
        "One matrix of the 1.1-billion model, multiplied with eight rows",
        "`one` and `eight` are tokens per second with so many readers",
    ),
    exempt(
        INSTRUCTION,
        "Now the time to first token, ten times in a row",
        "Three rules: measure each once before you count",
        "The size does not matter for this, but you need not believe it",
        "Or see it live: with 6 GB of memory",
        "A benchmark that counts only answers would call",
        "**One run is none:** show dots, and how many.",
    ),
    exempt(
        QUESTION,
        "A: 10 ms, measured in the morning.",
        "B: 12 ms, in the afternoon.",
        '"p99 of <code>/health</code>: 4 ms", from 50 pings.',
        "A server makes 800 tokens per second for eight readers.",
    ),
    exempt(ANALOGY, "Had only the total been measured"),
    # 7.2, 7.3: one run, one number
    output("bench-10", "A bar of an average shows none of that."),
    asserted("bench-16", "The mean says 23 ms or so",
             "**Median, high percentile, worst, n:**", by="mean(gaps)"),
    asserted("bench-16", "The 95th percentile does not see the hiccup either",
             "Only the longest does.", by="percentile"),
    tested(TIMELINE + "test_a_percentile_is_one_of_the_values",
           "And n: without it nobody knows what a percentile can see.",
           "Of 50 values the 99th percentile is simply the largest."),
    # 7.4: pings
    output("bench-23", "It was considerate, and so its 95th percentile"),
    asserted("bench-23", "The same second.", "**Pings on a schedule,**",
             by="in scheduled"),
    # 7.5: a fair ratio
    output("bench-10", '"How many times as fast?" needs two measurements',
           "Nobody knows: the computer changed, too.",
           'If you said "by 20 %": measure in turns'),
    tested(TURN + "test_each_wrong_ratio_is_told_its_idea",
           "If the computer gets slower meanwhile, it does so for both"),
    # 7.6: the four rows
    asserted("bench-38", "`/health` was dead because of one thread",
             by="slowest_ping_ms"),
    # 7.7: more readers
    asserted("bench-47", "Sharing goes to the right and a little up",
             by="eight.tokens_per_s"),
    asserted("bench-50", "Four, and the other four heard so *at once*",
             "**Latency and throughput** are two numbers"),
    output("bench-46", "About that, while all eight read",
           'If you said "each gets 800": throughput belongs to the house.'),
    # 7.8: what streaming does not improve
    output("bench-54", "Who reads up to 5 tokens per second saves nearly"),
    asserted("bench-54", "A program, which reads in no time, saves nothing",
             "(What is left at 1,000 is the difference of two single runs.",
             by="saved_s[1000]"),
    # Side paths
    output("bench-recorded", "Here is a whole table that shipped with this notebook"),
    asserted("bench-weights-same", "Packing changes no weight, only their order",
             by="packed(rows)"),
    output("bench-weights-dots", "Half the bits are half the way"),
    link("https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Server-Timing",
         "A browser shows it under *Network*"),
    asserted("bench-65", "The queue was as long as an answer", by="second['queue']"),
    output("bench-37", '"Seventy times faster" was true of one row of four.'),
]
