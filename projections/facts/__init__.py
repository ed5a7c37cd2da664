"""Events as typed rows: what the ledger recorded, in columns that three database engines read alike.

A fact is never changed and never removed while its event stands: a later word is a further row with a later position.
Which row counts is for the answers to say (`projections/sql`), by position, so that any past moment can be asked for.
"""
