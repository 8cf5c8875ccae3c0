"""What the package gives to tests. Nothing is imported here: take what you need by its module.

``fastapi_jwtkit.testing.contracts`` holds what a store of your own has to keep,
``fastapi_jwtkit.testing.guarded`` the test that no route was forgotten.
"""
