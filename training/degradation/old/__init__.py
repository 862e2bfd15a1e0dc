"""Damage from film, tapes, discs and old codecs: parameters are drawn, then applied on any device."""
