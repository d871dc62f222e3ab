"""The rules of products, prices and shipping rates."""
