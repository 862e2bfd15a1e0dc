"""`vsrealbasicvsr bench`: speed on this machine, and where the time goes."""
