"""Floor 0: what every floor needs and that knows none of them.

Money, calendar, codes, the clock, moves between states, locks, tenant keys, encryption, CSV, paging,
outgoing HTTP, text. There are no models here, and nothing here imports an app.
"""
