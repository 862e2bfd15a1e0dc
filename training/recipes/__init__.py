"""How weights of ours were made: what footage, which stages."""
