"""What lives how long: threads, servers and requests as bars on one time axis.

A solid bar lives, a hatched one is only waited for; an arrow at its end says that it
goes on. Below them a staircase can count how many live at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from lab_utils.plots.canvas import NARROW, Axis, Canvas, milliseconds, number
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture

BAR, BETWEEN, COUNT = 34, 24, 96
"""Heights of a bar, of the room between two, and of the staircase, in pixels."""


@dataclass(frozen=True, slots=True)
class Life:
    """One bar; all times are in seconds on the picture's axis.

    label: its name; what follows a comma goes on a second line. begun: when it began.
    asked: from when on it is only waited for; None if never. ended: when it was over;
    None if it goes on. seen: moments at which something of it reached somebody.
    outcome: a word or two at its right end; how long it took if empty. bad: whether
    nobody wanted that outcome.
    """

    label: str
    begun: float = 0.0
    asked: float | None = None
    ended: float | None = None
    seen: Sequence[float] = ()
    outcome: str = ""
    bad: bool = False

    @property
    def seconds(self) -> float | None:
        """How long it was waited for, or else lived; None if it goes on."""
        start = self.begun if self.asked is None else self.asked
        return None if self.ended is None else self.ended - start

    @property
    def words(self) -> str:
        """What stands at its right end."""
        lasted = None if self.seconds is None else 1e3 * self.seconds
        return self.outcome or ("goes on" if lasted is None else milliseconds(lasted))


def lives(
    rows: Sequence[Life],
    *,
    title: str,
    guess: Guess | None = None,
    extent: float | None = None,
    count: str = "",
) -> Picture:
    """Draw `rows` below each other.

    guess: a diamond on the axis if its unit is a time, else on the staircase. extent:
    the end of the axis in seconds; None takes what fits all. count: the words beside a
    staircase of how many live at once; without them there is none.
    """
    extent = extent or _extent(rows, guess)
    draw = partial(_draw, list(rows), title, guess, extent, count)
    said = [f"{row.label}: {row.words}." for row in rows]
    if count:
        said.append(f"{count} at the end: {alive(rows, extent)}.")
    return Picture(title, " ".join(said), draw, table(rows))


def alive(rows: Sequence[Life], moment: float) -> int:
    """How many of `rows` live at `moment`."""
    return sum(
        row.begun <= moment and (row.ended is None or row.ended > moment)
        for row in rows
    )


def table(rows: Sequence[Life]) -> list[list[str]]:
    """The figures of each bar, one row each."""
    body = [
        [row.label, milliseconds(1e3 * row.begun), _ms(row.asked), _ms(row.ended),
         str(len(row.seen)), row.words]
        for row in rows
    ]
    return [["", "begun", "asked to end", "ended", "received", "outcome"], *body]


def _extent(rows: Sequence[Life], guess: Guess | None) -> float:
    """The end of an axis that holds all of `rows`, and a guess that is not absurd."""
    ends = [at for row in rows for at in (row.begun, row.asked, row.ended, *row.seen)]
    last = max([at for at in ends if at is not None], default=0.0) or 1.0
    hint = guess.seconds if guess else None
    return 1.06 * max(last, min(hint or 0.0, 4 * last))


def _ms(seconds: float | None) -> str:
    return milliseconds(None if seconds is None else 1e3 * seconds)


def _draw(
    rows: list[Life], title: str, guess: Guess | None, extent: float, count: str,
    width: int,
) -> Canvas:
    narrow = width <= NARROW
    axis = Axis((0, extent), 8 if narrow else 218, width - 112)
    above = 26 if narrow else 0
    each = above + BAR + BETWEEN
    bottom = 52 + len(rows) * each + (above + COUNT if count else 0)
    canvas = Canvas(width, bottom + (96 if narrow else 72))
    canvas.text(0, 22, title, "bold", size=18 if narrow else 20)
    for at, row in enumerate(rows):
        _row(canvas, axis, row, 46 + at * each, above)
    if count:
        _staircase(canvas, axis, rows, bottom - COUNT, count, guess)
    canvas.time_axis(axis, bottom)
    if guess is not None and guess.seconds is not None:
        canvas.guess(axis.at(guess.seconds), bottom)
    canvas.legend(bottom + 56, _legend(rows, guess))
    return canvas


def _legend(rows: list[Life], guess: Guess | None) -> list[tuple[str, str]]:
    return [
        *([("tick", "received")] if any(row.seen for row in rows) else []),
        *([("guess", str(guess))] if guess is not None else []),
    ]


def _row(canvas: Canvas, axis: Axis, row: Life, y: float, above: float) -> None:
    name, _, detail = row.label.partition(", ")
    if above:
        canvas.text(0, y + 16, row.label, "bold")
        y += above
    else:
        canvas.text(0, y + (15 if detail else 23), name, "bold")
        canvas.text(0, y + 36, detail, "soft", size=16)
    kind = "late" if row.bad else "alive"
    end = axis.right if row.ended is None else axis.at(row.ended)
    asked = end if row.asked is None else axis.at(row.asked)
    start, middle = axis.at(row.begun), y + BAR / 2
    canvas.rect(start, y + 6, asked - start, BAR - 12, f"fill {kind}")
    canvas.hatch(asked, y, end - asked, BAR)
    marks = [(axis.at(at), y + 4, axis.at(at), y + BAR - 4) for at in row.seen]
    canvas.rows(marks, "token")
    if row.ended is None:
        canvas.line(asked, middle, end + 14, middle, kind)
        canvas.arrow(end + 15, middle, kind, 8)
    else:
        canvas.line(end, y, end, y + BAR, kind)
    # A bar that ends early has room for its word beside it.
    x = end + (24 if row.ended is None else 10)
    canvas.text(x, middle + 6, row.words, f"{kind} bold")


def _staircase(
    canvas: Canvas, axis: Axis, rows: list[Life], y: float, words: str,
    guess: Guess | None,
) -> None:
    """How many live at once, with a guess of that number at the right end."""
    counted = guess.value if guess and guess.seconds is None else 0
    moments = sorted({0.0, *(row.begun for row in rows),
                      *(row.ended for row in rows if row.ended is not None)})
    steps = [alive(rows, moment) for moment in moments]
    scale = Axis((0, max(*steps, counted, 1)), y + COUNT - 14, y + 18)
    if axis.left > 100:
        canvas.text(0, y + 40, words, "bold")
    else:
        canvas.text(0, y + 6, words, "bold")
    ends = [*moments[1:], axis.high]
    for at, until, level in zip(moments, ends, steps, strict=True):
        height = scale.at(level)
        canvas.line(axis.at(at), height, axis.at(until), height, "ink")
    joints = zip(moments[1:], steps, steps[1:], strict=False)
    canvas.rows([(axis.at(at), scale.at(a), axis.at(at), scale.at(b))
                 for at, a, b in joints], "ink")
    canvas.text(axis.right + 20, scale.at(steps[-1]) + 6, number(steps[-1]), "bold")
    if guess is not None and guess.seconds is None:
        canvas.guess(axis.right, scale.at(counted))
