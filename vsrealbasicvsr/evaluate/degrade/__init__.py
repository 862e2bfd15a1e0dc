"""Fixed degradations for evaluation. They share no code with `training`, because its ranges may change."""
