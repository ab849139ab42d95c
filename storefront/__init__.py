"""Floor 8: the public face of every shop: browse, buy, follow, return, review, ask."""
