"""How plain dates and moments are written where no shop is known: Django's own places, above all the staff admin."""
