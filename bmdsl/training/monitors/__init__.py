"""What is looked at from time to time to tell whether training goes well: one file a monitor, found
by scanning.
"""
