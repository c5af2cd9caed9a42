"""The load test: a room of visitors by HTTP, what they waited for, and what it took the server."""
