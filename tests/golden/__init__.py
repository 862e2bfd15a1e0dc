"""Numbers made by the reference implementation, and the recipe of their weights and inputs.

Specification 12.
"""
