"""What is computed how: groups, kinds of terms, blocks, costs, and the names that the emitted code
gives them. Nothing here runs.
"""
