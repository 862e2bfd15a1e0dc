"""The quality of restored clips, compared with peers: the parts of `vsrealbasicvsr evaluate`.

`samples` and `degrade` give clips, `peers` enlarge them, `metrics` measure, `table` and `plot` show. What
is not installed is an `Absent` with its reason.
"""
