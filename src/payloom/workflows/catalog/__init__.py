"""What workflows may refer to: tables, Stripe actions and event families."""
