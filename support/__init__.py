"""Floor 6: tickets between sellers and staff, messages between buyers and sellers, reviews."""
