"""What stands compared with what should: one file per kind of resource, each a pure function to the commands missing."""
