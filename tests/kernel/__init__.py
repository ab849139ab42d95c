"""Tests of floor 0. They use a database of their own without the product's tables, and need no app to be whole."""
