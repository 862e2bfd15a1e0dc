"""Outputs: the plan of a file, its encoder and streams, and the join of pieces without encoding again."""
