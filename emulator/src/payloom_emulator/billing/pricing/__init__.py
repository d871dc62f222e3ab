"""What something costs: amounts, discounts, metered usage and billing periods."""
