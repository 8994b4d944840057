"""The store of fee schedule editions from the command line: import, list, compare, put in use.

`python -m services.data --help`. Reads what agencies publish (`formats/`) and writes the store that
`services.jurisdictions.editions` reads. Prices nothing.
"""
