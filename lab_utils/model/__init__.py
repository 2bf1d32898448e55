"""Weights in, logits out: the embedded `tutor` and everything else that can be loaded."""
