"""The fault kit: what breaks, delays or interleaves things on purpose (reliability.md §3). For tests only."""
