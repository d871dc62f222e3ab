"""The shapes of answers and bodies, one module per subject. The TypeScript client is made of them."""
