"""The weights named `bundled`: footage that anyone may fetch, and the stages."""
