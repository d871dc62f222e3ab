"""How objects of each kind come about at the local Stripe, from what a case says of them."""
