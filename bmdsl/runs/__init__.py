"""A run's folder and the machine's file in it: everything that reads or writes them."""
