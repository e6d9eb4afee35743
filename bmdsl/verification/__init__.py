"""A small copy of any model, proved against brute force: what `bm verify` does."""
