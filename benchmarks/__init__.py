"""What things cost, as ratios measured in one run: `make bench`. Imported by nothing of the product."""
