"""The rules of the account balance."""
