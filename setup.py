"""Everything is in pyproject.toml; setuptools' entry point for tools that still look for this file."""

from setuptools import setup

setup()
