"""The rules of Connect: accounts, transfers and application fees."""
