"""Real servers beside ours, on the same weights: how each is started.

`python -m lab_utils peer NAME` runs one in the foreground; `bench --peers` measures
them.
"""
