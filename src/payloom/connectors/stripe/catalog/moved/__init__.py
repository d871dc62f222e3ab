"""What moved in Stripe's API: names of older versions and old tutorials, and where each went.

The checker's nearest spelling would be wrong here: `current_period_end` of a subscription is not `current_period`.
Also here are names that people expect and Stripe never had, such as `paid_at` of an invoice.
A test holds that no name in these tables is a name of today, and that every place they point to is one.
"""
