"""How far a long measurement is, on one line of the terminal."""

import sys
from time import perf_counter

WIDTH = 20


class Progress:
    """A bar for `total` steps; silent where nobody watches (no terminal)."""

    def __init__(self, total: int) -> None:
        self._total, self._begun = total, 0
        self._started = perf_counter()
        self._shown = sys.stderr.isatty()

    def step(self, what: str) -> None:
        """The next step begins; `what` is done in it."""
        done, self._begun = self._begun, self._begun + 1
        if not self._shown:
            return
        bar = "█" * (WIDTH * done // self._total)
        spent = perf_counter() - self._started
        rest = f", {spent / done * (self._total - done):.0f} s left" if done else ""
        # \r and \x1b[K: over the line before, and clear what it had more.
        print(f"\r{bar:░<{WIDTH}} {self._begun}/{self._total}  {what}{rest}\x1b[K",
              end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
