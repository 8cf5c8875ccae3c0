"""Sessions: one login on one device, and the line of refresh tokens it hangs on."""
