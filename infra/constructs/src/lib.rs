//! What a team reuses: queues with dead-letter queues, functions, database clusters, alarms, grants and synth rules.
