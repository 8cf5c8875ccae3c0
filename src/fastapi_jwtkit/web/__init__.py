"""The kit on FastAPI: guards, routes, errors and the OpenAPI schema.

The only floor that imports ``fastapi`` and ``starlette``.
"""
