"""Diagnosis of the weakest part of a network: each part is replaced by the best available, and measured."""
