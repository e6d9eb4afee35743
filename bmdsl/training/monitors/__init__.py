"""What is looked at after every epoch to tell whether training goes well: one file a monitor, found by scanning."""
