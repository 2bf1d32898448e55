"""Weights in, logits out: the embedded `tutor`, and whatever else can be loaded."""
