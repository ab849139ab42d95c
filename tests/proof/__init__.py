"""The house under attack and under fire: proofs over all floors, each with a control that switches the guard off."""
