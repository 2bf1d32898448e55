"""What lives how long: threads, servers and requests as bars on one time axis.

A solid bar lives, a hatched one is only waited for; an arrow at its end says that it
goes on. Below them a staircase can count how many live at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from lab_utils.plots.axis import Axis
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess, reach
from lab_utils.plots.legend import Entry, guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import number, seconds

BAR, BETWEEN, NAME, COUNT = 34, 24, 26, 96
"""Heights in pixels: of a bar, of the room between two, of a name above its bar, and
of the staircase."""


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
        lasted = self.seconds
        return self.outcome or ("goes on" if lasted is None else seconds(lasted))


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
        [row.label, seconds(row.begun), seconds(row.asked), seconds(row.ended),
         str(len(row.seen)), row.words]
        for row in rows
    ]
    return [["", "begun", "asked to end", "ended", "received", "outcome"], *body]


def _extent(rows: Sequence[Life], guess: Guess | None) -> float:
    """The end of an axis that holds all of `rows`, and a guess that is not absurd."""
    ends = [at for row in rows for at in (row.begun, row.asked, row.ended, *row.seen)]
    last = max([at for at in ends if at is not None], default=0.0) or 1.0
    return 1.06 * reach(last, guess)


def _draw(
    rows: list[Life], title: str, guess: Guess | None, extent: float, count: str,
    width: int,
) -> Canvas:
    canvas = Canvas(width)
    axis = Axis((0, extent), 8 if canvas.narrow else 218, width - 112)
    above = NAME if canvas.narrow else 0
    each = above + BAR + BETWEEN
    top = canvas.head(title) + 12
    bottom = top + len(rows) * each + (above + COUNT if count else 0)
    for at, row in enumerate(rows):
        y = top + at * each
        _name(canvas, row.label, y)
        _bar(canvas, axis, row, y + above)
    if count:
        _staircase(canvas, axis, rows, bottom - COUNT, count, guess)
    canvas.axis(axis, bottom, guess=guess)
    received: list[Entry] = [("tick", "received")]
    legend(canvas, bottom,
           received * any(row.seen for row in rows) + guessed(guess))
    return canvas


def _name(canvas: Canvas, label: str, y: float) -> None:
    """Above its bar, or beside it in two lines."""
    if canvas.narrow:
        canvas.label(0, y + 16, label)
    else:
        parts = label.split(", ", 1)
        canvas.label(0, y + (15 if len(parts) > 1 else 23), *parts)


def _bar(canvas: Canvas, axis: Axis, row: Life, y: float) -> None:
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
    canvas.label(0, y + (6 if canvas.narrow else 40), words)
    _stairs(canvas, axis, scale, moments, steps)
    canvas.text(axis.right + 20, scale.at(steps[-1]) + 6, number(steps[-1]), "bold")
    if guess is not None and guess.seconds is None:
        canvas.guess(axis.right, scale.at(counted))


def _stairs(
    canvas: Canvas, axis: Axis, scale: Axis, moments: list[float], steps: list[int]
) -> None:
    places = [axis.at(moment) for moment in [*moments, axis.high]]
    heights = [scale.at(step) for step in steps]
    flats = [(x, y, until, y) for x, until, y
             in zip(places, places[1:], heights, strict=False)]
    joints = [(x, a, x, b) for x, a, b
              in zip(places[1:], heights, heights[1:], strict=False)]
    canvas.rows(flats + joints, "ink")
