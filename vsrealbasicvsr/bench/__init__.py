"""`vsrealbasicvsr bench`: the speed on this machine, and the time of each part."""
