"""The quality of restored clips, compared with peers: the parts of `vsrealbasicvsr evaluate`."""
