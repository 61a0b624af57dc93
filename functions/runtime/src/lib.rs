//! What every function needs: JSON logs, settings, the SQS batch harness, metrics.
