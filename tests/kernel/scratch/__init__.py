"""A small app that exists in tests only: shops, orders, lines, so that floor 0 is tested without the floors above."""
