import os

os.environ["JWTKIT_ENV"] = "dev"  # before any test imports the application
