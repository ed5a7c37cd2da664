"""Arrangements of a pupil's week: leave, part-time timetables, activities, placements, dual registration, evidence.

Each is a stream of its own, `arrangement/{id}`, that belongs to one line. What may be said of one is in `words`.
"""
