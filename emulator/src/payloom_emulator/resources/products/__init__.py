"""Products, prices, coupons, shipping rates and tax rates."""
