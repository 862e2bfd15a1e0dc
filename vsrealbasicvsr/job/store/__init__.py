"""The job folder `OUT.parts/`: journal, record, locks, log and the files of finished segments."""
