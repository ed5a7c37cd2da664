"""A made-up local authority that sends what real systems would: for the demo, the tests and the benchmarks.

`simulate_year` plays a school year with all that happens in it, some of it planted and listed; `simulate_counts` sends
exactly the published counts of an authority, one mark per counted session, and beside them some who must not count.
"""

from simulation.counts import simulate_counts
from simulation.summary import Planted, Sought, Summary, planted_path, read_planted
from simulation.year import simulate_year

__all__ = ["Planted", "Sought", "Summary", "planted_path", "read_planted", "simulate_counts", "simulate_year"]
