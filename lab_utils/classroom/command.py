"""`python -m lab_utils class release`, `class grade` and `class links`."""

import argparse
import sys
from pathlib import Path
from typing import TypeAlias

from lab_utils.classroom.class_report import grade_class
from lab_utils.classroom.links import BRANCH, buttons
from lab_utils.classroom.release import MANIFEST, release
from lab_utils.classroom.sandbox import Limits

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

DEFAULTS = Limits()


def add_class(commands: Commands) -> None:
    """Add the command `class` to a parser's commands."""
    command = commands.add_parser(
        "class",
        help="give the exercises to a class, and grade what comes back",
        description="Give the exercises to a class, and grade what comes back.",
    )
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_release(actions)
    _add_grade(actions)
    _add_links(actions)


def _add_release(actions: Commands) -> None:
    action = actions.add_parser(
        "release", help="write the learners' notebooks to a folder",
        description="Write the learners' notebooks, without solutions, to a folder, or "
        "bring it up to date. A file that was changed since is left as it is.",
    )
    action.add_argument("folder", type=Path, metavar="DIR")
    action.set_defaults(run=_release)


def _add_grade(actions: Commands) -> None:
    action = actions.add_parser(
        "grade", help="grade a folder of submissions",
        description="Grade a folder with a sub-folder, a ZIP or a notebook for each "
        "learner. Their code runs as you: in processes with limits on time and memory, "
        "but not shut off from your files or the network.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = action.add_argument
    add("submissions", type=Path, metavar="SUBMISSIONS")
    add("--out", type=Path, required=True, metavar="DIR", default=argparse.SUPPRESS,
        help="gets grades.csv, summary.html and a page for each learner")
    add("--lessons", nargs="+", choices=list("12345678"), metavar="N",
        default=argparse.SUPPRESS, help="those whose exercises count; else all of "
        "which anybody handed something in")
    add("--seconds", type=_positive, default=DEFAULTS.seconds,
        help="for one submission")
    add("--memory-mb", type=_positive, default=DEFAULTS.memory / 10**6,
        help="for one process of a submission")
    action.set_defaults(run=_grade)


def _add_links(actions: Commands) -> None:
    action = actions.add_parser(
        "links", help="print buttons that open the lessons elsewhere",
        description="Print Markdown with buttons that open the lessons on Binder, in a "
        "codespace and, with --hub, on a JupyterHub that has nbgitpuller.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = action.add_argument
    add("repository", metavar="URL", help="such as https://github.com/OWNER/NAME")
    add("--branch", default=BRANCH)
    add("--hub", metavar="URL", default=argparse.SUPPRESS)
    action.set_defaults(run=_links)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if 0 < number < float("inf"):
        return number
    raise argparse.ArgumentTypeError(f"expected a number above 0; got {text!r}")


def _release(options: argparse.Namespace) -> int:
    done = release(options.folder)
    for name in done.left:
        print(f"{name} was changed since it was released, and is left as it is: move "
              "it away to get the new one.")
    print(f"{options.folder}: {len(done.written)} new, {len(done.updated)} updated, "
          f"{len(done.same)} as before, {len(done.left)} left (see {MANIFEST})")
    return 1 if done.left else 0


def _grade(options: argparse.Namespace) -> int:
    limits = Limits(options.seconds, int(options.memory_mb * 10**6))
    lessons = getattr(options, "lessons", [])
    grades = grade_class(options.submissions, options.out, lessons, limits)
    for each in grades:
        for trouble in each.troubles:
            print(f"{each.student}: {trouble}", file=sys.stderr)
    print(f"{len(grades)} graded: {options.out / 'grades.csv'}, summary.html and "
          "feedback beside it")
    return 0


def _links(options: argparse.Namespace) -> int:
    hub = getattr(options, "hub", None)
    print(buttons(options.repository, hub, options.branch))
    return 0
