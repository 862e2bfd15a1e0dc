"""Degradation of clean frames: parameters are drawn, then applied (SPEC 7, 8; paper section 3.3)."""
