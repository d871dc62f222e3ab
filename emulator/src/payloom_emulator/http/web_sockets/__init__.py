"""Web sockets for the server: the frames, and the protocol that uvicorn switches to."""
