"""A class: what learners get (`release`), what they hand in, and what it is worth.

Whatever a learner wrote runs in processes of its own (`judge`), never in this one.
"""
