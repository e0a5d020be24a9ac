"""What Restock costs, measured on real processes: every row is a ratio or a count beside what it is compared to."""
