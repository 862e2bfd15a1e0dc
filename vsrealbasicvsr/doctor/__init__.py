"""What the program finds on this machine, and what to do where it finds trouble."""
