"""How the embedded model `tutor` is made: generated text in, a model folder out.

`python -m lab_utils.model.train_tutor` trains it from scratch,
`python -m lab_utils.model.train_tutor.evaluate` measures what it learned.
"""
