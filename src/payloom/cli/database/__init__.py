"""Commands on a whole database: backup, restore, copy."""
