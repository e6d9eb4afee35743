"""Several processes that train, sample or score one model together: its *ranks*.

Every rank runs the same program on its own share of the cases and chains. `world.world()` says
which rank this one is and how many there are; a program that was not started by `mpirun` is rank 0
of 1.
"""
