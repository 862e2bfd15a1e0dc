"""The decode half and the encode half of a command, and the pipes between them and our process."""
