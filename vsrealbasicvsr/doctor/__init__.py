"""Checks of this machine and of the installed software, with advice on problems."""
