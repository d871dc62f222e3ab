"""The rules about money: amounts, ownership, payment states, secrets, and where values come from."""
