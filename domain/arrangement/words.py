"""The words that arrangements are recorded in: lists that the schemas repeat, held together by a contract test."""

from __future__ import annotations

SESSIONS = frozenset(("AM", "PM"))
"""The two sessions of a school day."""
ASKERS = frozenset(("parent_lives_with", "other_parent", "pupil_over_csa", "other", "not_said"))
"""Who asked for leave."""
PARAGRAPHS = frozenset(("p2", "p4", "p5", "p7", "p8", "p9a", "p9b", "p9c", "p11", "none"))
"""Paragraphs of regulation 11 under which leave can be granted."""
LEAVE_PURPOSES = frozenset(
    (
        "performance",
        "employment_abroad",
        "interview",
        "study",
        "appointment",
        "flexi_school",
        "holiday",
        "religious_extra",
        "trip",
        "other_school",
        "other",
    )
)
"""What leave is for."""
WHYS = frozenset(
    (
        "planned",
        "parent_asked",
        "school_decided",
        "authority_decided",
        "not_used",
        "pupil_left",
        "replaced",
        "other",
        "not_said",
    )
)
"""Why an arrangement ended."""
PART_TIME_PURPOSES = frozenset(("health_reintegration", "transition", "other", "behaviour", "not_said"))
"""What a part-time timetable is for. Behaviour is none that the guidance allows: a label."""
PLANS = frozenset(("psp", "other", "none"))
"""The plan that it is part of."""
REVIEW_OUTCOMES = frozenset(("continue", "vary", "end", "not_said"))
"""What a review decided."""
ACTIVITY_CODES = frozenset(("B", "P", "W", "V"))
"""Codes of an approved educational activity (regulation 10(5))."""
ACTIVITY_NATURES = frozenset(
    (
        "sport",
        "college",
        "taster",
        "unregistered_ap",
        "work",
        "trip",
        "consortium",
        "other",
        "not_said",
    )
)
"""What an activity is."""
SUPERVISORS = frozenset(("provider_staff", "school_staff", "employer", "parent", "none", "not_said"))
"""Who supervises it (regulation 10(11))."""
FITNESS = frozenset(("provider_check", "qualification", "school_staff", "not_said"))
"""Why that person is thought suitable."""
ARRANGERS = frozenset(("school", "authority", "parent", "not_said"))
"""Who arranged a placement."""
BASES = frozenset(("s19_1", "s42_2", "s61_1", "s29A", "academy_articles", "s100", "s19_3A", "none", "not_said"))
"""Under which power (table 2 of regulation 10)."""
DELIVERY = frozenset(
    (
        "in_person_place",
        "in_person_home",
        "remote_home",
        "remote_on_site",
        "robot",
        "mixed",
        "not_said",
    )
)
"""How and where the teaching is given."""
CENSUS_REASONS = frozenset(
    (
        "mental_health",
        "physical_health",
        "pex_under_review",
        "suspension",
        "behaviour",
        "other",
    )
)
"""The census's reasons for alternative provision."""
OUTCOMES = frozenset(("returned", "unsuccessful", "managed_move", "moved_on", "deleted", "other", "not_said"))
"""What became of a placement."""
EVIDENCE_KINDS = frozenset(
    (
        "medical",
        "appointment",
        "interview",
        "licence",
        "travel",
        "parent_note",
        "professional",
        "other",
    )
)
"""What evidence is."""
