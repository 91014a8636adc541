"""A job's datasets: where they lie, and what is wrong with them before any money is spent."""
