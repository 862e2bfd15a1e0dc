"""Outputs: the plan of a file, its encoder and streams, and joining pieces without encoding again."""
