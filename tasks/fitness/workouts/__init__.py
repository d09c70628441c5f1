"""What members log: workouts and benchmarks."""
