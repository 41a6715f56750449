"""Which carrier a tracking number is of: ranked guesses from its form alone."""

from tracking.recognition.engine import Candidate, Verdict, recognise, shape, squeeze, sure

__all__ = ["Candidate", "Verdict", "recognise", "shape", "squeeze", "sure"]
