"""A plan printed as one Python module, built and cached."""
