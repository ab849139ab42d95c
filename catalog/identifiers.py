"""Numbers printed under barcodes: GTIN-8, -12 (UPC), -13 (EAN, ISBN-13) and -14. Pure arithmetic."""

LENGTHS = (8, 12, 13, 14)


def check_digit(digits: str) -> int:
    """The check digit that belongs behind these digits: weights 3 and 1 in turn, from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -total % 10


def is_gtin(text: str) -> bool:
    """Is this a barcode number of a known length whose check digit fits?"""
    if len(text) not in LENGTHS or not (text.isascii() and text.isdigit()):
        return False
    return check_digit(text[:-1]) == int(text[-1])


def with_lost_zeros(text: str) -> str:
    """The number with the one or two leading zeros that a spreadsheet took away, if it is a barcode number then."""
    if not (text.isascii() and text.isdigit()):
        return ""
    for length in LENGTHS:
        if length - 2 <= len(text) < length and is_gtin(padded := text.rjust(length, "0")):
            return padded
    return ""
