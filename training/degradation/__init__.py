"""Degradation of clean frames: parameters are drawn, then applied (specification 7, 8; paper section 3.3)."""
