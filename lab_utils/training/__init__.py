"""How the embedded model `tutor` is made: generated text in, a model folder out.

`python -m lab_utils.training` trains it from scratch,
`python -m lab_utils.training.evaluate` measures what it learned.
"""
