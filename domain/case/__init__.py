"""Cases: what a school and the authority do about one pupil, beside the registers; here the returns of regulation 13.

A case belongs to one line, or to a school where no one pupil is meant (the attendance return that it closes). Each is a
stream of its own, `case/{id}`. What is decided is in `decide`, what stands in `case`.
"""
