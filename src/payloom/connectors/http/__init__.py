"""The `http` verb: one guarded client for every call that is not Stripe's or the mail server's."""
