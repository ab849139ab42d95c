"""The catalog's pages."""
