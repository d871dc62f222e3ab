"""The second factor of a sign-in: codes of an authenticator app, passkeys, and recovery codes."""
