"""What the local Stripe shows in a browser: hosted Checkout, Stripe.js and its frames, 3-D Secure, portal, dashboard.

Handlers read the server from `request.app.state.emulator` and ask it through `call`, the same way in as an HTTP
request, so that a page can do nothing the API would refuse.
"""
