"""The recipe of the weights `bundled`: footage that anyone may download, and the stages."""
