"""Every picture that the series draws, with data as a lesson might have it."""

from collections.abc import Callable
from dataclasses import dataclass

from lab_utils.lessons.n01_grid import grid
from lab_utils.lessons.n01_turns import spans, turns
from lab_utils.lessons.n02_costs import climb, step_times
from lab_utils.lessons.n02_squares import doubled, squares
from lab_utils.lessons.n03_ruler import ruler
from lab_utils.lessons.n04_journey import Journey, journey
from lab_utils.lessons.n04_pulse import Pulse, heartbeat
from lab_utils.lessons.n05_lives import Life, lives
from lab_utils.lessons.n06_reading import reading
from lab_utils.lessons.n08_slots import Schedule, slots_over_steps
from lab_utils.plots import Picture, lanes
from lab_utils.plots.dots import dots
from lab_utils.plots.guess import Guess
from lab_utils.plots.tradeoff import Load, tradeoff
from lab_utils.plots.wasted import wasted
from lab_utils.timeline import Ping, Timeline


@dataclass(frozen=True, slots=True)
class Sample:
    """make: a picture of something with that name, with a guess or without one.
    says: figures with their units, as the sentence for who cannot see it has them.
    lists: figures in its table."""

    make: Callable[[str, bool], Picture]
    says: tuple[str, ...]
    lists: tuple[str, ...]


def blocked(name: str = "Flask, one thread") -> Timeline:
    """An answer that came whole after 24 seconds, and pings that waited for it."""
    return Timeline(
        name, arrivals=[24.0] * 100, ended=24.0, seen=24.5,
        pings=[Ping(at / 2, 24.0) for at in range(48)] + [Ping(24.1, 24.11)],
    )


def streamed(name: str = "FastAPI, streaming") -> Timeline:
    """The same answer as it was made, its pings answered at once."""
    return Timeline(
        name, arrivals=[0.35 + 0.24 * at for at in range(99)], ended=24.0, seen=24.0,
        pings=[Ping(at / 2, at / 2 + 0.006) for at in range(48)],
        about="tutor · thread", pace_ms=240,
    )


def abandoned(name: str = "stopped") -> Timeline:
    """An answer whose reader left after five seconds; three tokens were too many."""
    run = streamed(name).until(5.0)
    run.left = run.ended = 5.0
    run.unread = [5.2, 5.4, 5.6]
    return run


def some(guess: Guess, guessed: bool) -> Guess | None:
    """`guess` if anything was guessed."""
    return guess if guessed else None


def one_run(name: str, guessed: bool) -> Picture:
    guess = some(Guess("When?", 3, "s"), guessed)
    return lanes(streamed(name), guess=guess, gaps=True)


def three_runs(name: str, guessed: bool) -> Picture:
    guess = some(Guess("When?", 3, "s"), guessed)
    runs = [blocked(name), streamed(), abandoned()]
    return lanes(runs, title="The same prompt, the same model", guess=guess)


def tokens_nobody_read(name: str, guessed: bool) -> Picture:
    guesses = {name: Guess("?", 20, "tokens")} if guessed else None
    return wasted({name: 60, "engine thread": 7}, guesses, read=5)


def two_knobs(name: str, guessed: bool) -> Picture:
    rows, columns = ("whole", "as made"), (f"Flask, {name}", "FastAPI, def",
                                           "FastAPI, async def", "ours, thread")
    boxes = {
        (row, column): Timeline(
            "", [0.05 if row == "as made" else 1.0, 0.9, 1.0], ended=1.0, seen=1.0,
            pings=[Ping(at / 10, at / 10 + wait) for at in range(10)],
        )
        for row in rows
        for column, wait in zip(columns, (0.5, 0.002, 0.9, 0.003), strict=True)
    }
    return grid(boxes, dict.fromkeys(boxes, (True, False)) if guessed else None)


def who_has_the_baton(name: str, guessed: bool) -> Picture:
    order = [f"{name}0", "B0", f"{name}1", "B1", f"{name}2"]
    return turns(order, f"{name}0 {name}1 B0 {name}2" if guessed else "")


def work_and_waiting(name: str, guessed: bool) -> Picture:
    log = [(name, 5.0, 5.3, "works"), ("wait B", 5.3, 5.8, "waits")]
    return spans(log, some(Guess("When?", 400), guessed), "Two tasks")


def waiting(name: str, guessed: bool) -> Picture:
    log = [(name, 0.0, 0.02, "waits"), ("WSGI, 4 open", 0.0, 0.9, "waits")]
    return spans(log, some(Guess("When?", 0.4, "s"), guessed))


def staircase(name: str, guessed: bool) -> Picture:
    guess = some(Guess("", 9, "squares"), guessed)
    return squares(list(range(2, 18)), name, guess=guess, at=3)


def twice_as_long(name: str, guessed: bool) -> Picture:
    runs = {name: list(range(2, 18)), "with a cache": [2] + 15 * [1]}
    guess = some(Guess("", 2, "times"), guessed)
    return doubled(runs, guess=guess)


def steps_in_time(name: str, guessed: bool) -> Picture:
    slow = [30.0 + 2.5 * at for at in range(60)]
    guess = some(Guess("", 20, "times"), guessed)
    return step_times({name: slow, "with a cache": [31.0] + 59 * [4.2]}, 14.2,
                      guess=guess)


def long_prompts(name: str, guessed: bool) -> Picture:
    del name  # there is none in it
    guess = some(Guess("", 20, "times"), guessed)
    return climb({8: [9.0, 3.0], 500: [45.0], 1000: [90.0, 95.0]},
                 {8: [1.5, 7.0], 500: [1.8], 1000: [2.1, 2.2]}, guess=guess)


def bytes_and_events(name: str, guessed: bool) -> Picture:
    reads = [b": hi\n\nda", f"ta: {name}\n\ndata: é".encode(), b"\nid: 1\n\n"]
    return ruler(reads, guess=some(Guess("?", 6, "reads"), guessed))


def pulses(name: str, guessed: bool) -> Picture:
    run = Timeline(name, [0.05, 1.0], ended=1.0, seen=1.0, pings=[Ping(0.0, 0.9)])
    free = [(at / 50, at / 50 + 0.001) for at in range(-5, 55)]
    late = [(-0.02, -0.019), (0.0, 1.01), (1.03, 1.031)]
    guess = some(Guess("?", 50), guessed)
    return heartbeat([Pulse(name, late, 0.0, run, guess),
                      Pulse("executor", free, 0.0, run)])


def a_request(name: str, guessed: bool) -> Picture:
    steps = [(0.003, 0.020), (0.024, 0.028), (0.031, 0.035)]
    wrote = [0.021, 0.029, 0.036, 0.038]
    run = Journey(name, 0.001, 0.002, steps, wrote, [at + 0.001 for at in wrote])
    return journey(run, guess=some(Guess("?", 60), guessed))


def bars(name: str, guessed: bool) -> Picture:
    rows = [Life("start, with a limit", asked=0, ended=2.5, seen=[0.1, 0.5]),
            Life(name, begun=0.6, ended=1.5, outcome="dead", bad=True),
            Life("the cell", begun=1.0)]
    return lives(rows, title="From the call of stop to its end", count="servers alive",
                 guess=some(Guess("?", 3, "s"), guessed))


def readers_curve(name: str, guessed: bool) -> Picture:
    guess = some(Guess("When?", 30, "s"), guessed)
    return reading(blocked(name), streamed(), guess=guess)


def shared_steps(name: str, guessed: bool) -> Picture:
    schedule = Schedule(2, [["A", "B"], ["A", None], ["A", name]], [12.0, 5.0, 30.0])
    guess = some(Guess("steps", 5, "steps"), guessed)
    return slots_over_steps(schedule, f"Slots of {name}", guess)


def again_and_again(name: str, guessed: bool) -> Picture:
    rows = {name: [50.0, 64.0, 52.0], "another": [2000.0, 2100.0, 1900.0]}
    return dots(rows, guess=some(Guess("first", 90), guessed))


def beside_published(name: str, guessed: bool) -> Picture:
    rows = {name: [2.0, 2.2], "streaming": [0.06]}
    guess = some(Guess("first", 1, "s"), guessed)
    return dots(rows, unit="s", published={name: 24.0, "streaming": 0.35}, guess=guess)


def more_readers(name: str, guessed: bool) -> Picture:
    loads = [Load(1, 5.0, 8.0, 200.0), Load(8, 9.5, 12.0, 800.0)]
    curves = {name: loads, "turns": [Load(1, 5.0, 8.0, 190.0)]}
    return tradeoff(curves, guess=some(Guess("eight", 5, "times"), guessed))


SAMPLES = {
    "again and again": Sample(
        again_and_again, ("median 52 ms of 3", "from 50 to 64"), ("52", "3")),
    "beside what is published": Sample(
        beside_published, ("median 2.1 s of 2",), ("2.1", "24")),
    "latency against throughput": Sample(
        more_readers, ("8 readers: 800 tokens/s", "gap 9.5 ms"),
        ("8", "800", "9.5 ms")),
    "slots over steps": Sample(
        shared_steps, ("5 tokens in 3 steps of 2 slots", "1 place empty", "12 ms"),
        ("A", "30 ms")),
    "one run": Sample(
        one_run, ("350 ms", "24.0 s", "99 tokens", "slowest 6 ms"),
        ("350 ms", "4.2 /s", "240 ms")),
    "three runs": Sample(
        three_runs, ("24.0 s", "350 ms", "3 tokens made for nobody"),
        ("24.0 s", "350 ms", "100")),
    "tokens nobody read": Sample(
        tokens_nobody_read, ("5 tokens read", "55 more"), ("5", "55")),
    "two knobs": Sample(
        two_knobs, ("text early", "/health waits"), ("50 ms", "500 ms", "yes")),
    "who has the baton": Sample(who_has_the_baton, ("B0", "B1"), ("1", "B0")),
    "work and waiting": Sample(
        work_and_waiting, ("300 ms", "800 ms"), ("300 ms", "800 ms")),
    "waiting": Sample(waiting, ("20 ms", "900 ms"), ("20 ms", "900 ms")),
    "staircase": Sample(
        staircase, ("152 squares", "16 columns"), ("squares", "17")),
    "twice as long": Sample(
        twice_as_long, ("3.5 times", "1.9 times"), ("44", "152", "3.5")),
    "steps in time": Sample(
        steps_in_time, ("30 ms", "178 ms", "4.2 ms"), ("30", "178", "4.2")),
    "long prompts": Sample(
        long_prompts, ("1000 tokens", "30 times", "1.4 times"), ("90 ms", "2.1 ms")),
    "bytes and events": Sample(
        bytes_and_events, ("bytes", "3 reads", "2 events"), ("é", "3")),
    "pulses": Sample(
        pulses, ("50 of 50 beats", "1\u202f010 ms late", "900 ms"),
        ("1\u202f010 ms", "900 ms", "50")),
    "a request": Sample(
        a_request, ("valid after 2 ms", "prefill 17 ms", "2 decode steps", "39 ms"),
        ("17 ms", "4 ms", "39 ms")),
    "bars": Sample(
        bars, ("2.5 s", "dead", "goes on"), ("2.5 s", "600 ms", "dead")),
    "reader's curve": Sample(
        readers_curve, ("24.0 s", "44.0 s", "5 tokens/s"), ("44.0 s", "350 ms")),
}
