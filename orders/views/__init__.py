"""The doors of the order desk: list, order, packages, returns, and what the providers call back."""
