"""Mail: sending it over SMTP, and reading bounces."""
