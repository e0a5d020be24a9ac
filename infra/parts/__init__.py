"""What stands compared with what should: a file per kind of resource, pure functions to the missing commands."""
