"""What happens to an account after the sign-up: its address is proved, its password is forgotten, it is deleted."""
