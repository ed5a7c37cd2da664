"""Where answers are made: one database engine a module, all behind one small protocol (`engine.py`).

What is to be made anew, and in which order, is decided in `projections/runner.py`, alike for all of them.
"""
