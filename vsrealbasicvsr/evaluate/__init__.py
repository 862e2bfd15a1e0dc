"""How good restored clips are, side by side with peers: the parts of `vsrealbasicvsr evaluate`."""
