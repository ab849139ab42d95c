"""Floor 2: what is for sale. Categories, products, SKUs, pictures, stock, imports."""
