"""What every store does, whatever database is behind it; `conftest.BACKENDS` lists the backends."""
