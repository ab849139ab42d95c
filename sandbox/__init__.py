"""The sandbox: payment provider, carrier and bank as one process of their own, spoken to over HTTP only.

It stands in for three strangers, so it shares nothing with the product: no import, no table, no clock. The protocol is
`docs/mechanisms/sandboxes.md`. Start it with `python -m sandbox --port 8010 --data .local/sandbox`.
"""
