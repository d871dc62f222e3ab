"""The hosted Checkout page, and Checkout in a page of the shop."""
