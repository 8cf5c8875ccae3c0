"""Stores: the ports of ``fastapi_jwtkit.protocols`` over real places."""
