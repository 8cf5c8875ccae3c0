"""What the application does. Services take a ``Principal``, never a ``Request``."""
