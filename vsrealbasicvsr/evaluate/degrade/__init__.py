"""Fixed degradations for evaluation. They share no code with `training`, whose ranges may change."""
