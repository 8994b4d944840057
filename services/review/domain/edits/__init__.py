"""Edits of correct coding: what the codes, units and modifiers of one day say about one another.

One file finds each kind of edit; `applying` lays the findings on the lines. They look at what is
billed, not at prices, so they are the same whether or not a line can be priced.
"""
