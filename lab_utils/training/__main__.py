"""`python -m lab_utils.training`: train the embedded model from scratch."""

import argparse
import os
from pathlib import Path

from lab_utils.training.plan import Plan


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        prog="lab_utils.training", description=__doc__
    )
    tutor = Path(__file__).parents[1] / "model" / "tutor"
    parser.add_argument("--out", type=Path, default=tutor, help="model folder")
    parser.add_argument("--seed", type=int, default=Plan.seed, help="of all randomness")
    parser.add_argument("--steps", type=int, default=Plan.steps, help="updates to make")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="learning rate")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    return parser.parse_args(arguments)


def main() -> None:
    """Train with the given options and leave the model in its folder."""
    options = parse_arguments()
    # OpenMP reads these when torch is imported: a waiting thread must sleep, not
    # spin, so that the run can share the machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    import torch

    from lab_utils.training.train import Trainer

    torch.set_num_threads(options.threads)
    plan = Plan(seed=options.seed, steps=options.steps, rate=options.rate)
    Trainer(plan).run(options.out)


if __name__ == "__main__":
    main()
