"""One file a verb: what each command does, without printing."""
