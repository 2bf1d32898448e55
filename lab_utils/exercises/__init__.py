"""Exercises: checks that explain, and what a class needs to hand out and to grade."""
