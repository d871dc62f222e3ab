"""Payment methods, Checkout Sessions and payment links."""
