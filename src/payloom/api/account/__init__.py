"""What people do with their own accounts: prove the address, reset the password, see and end sessions."""
