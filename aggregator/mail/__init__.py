"""Mail: sending it over SMTP."""
