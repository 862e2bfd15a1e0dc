"""What this program costs on this machine, and how good it is: `bench`, `evaluate`, and `__main__`."""
