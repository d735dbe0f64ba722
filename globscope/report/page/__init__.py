"""The report's page with its files."""
