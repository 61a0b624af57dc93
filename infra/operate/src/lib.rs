//! Looks after what is deployed: status, logs, redrive, and what a machine needs to deploy.
//!
//! Owns the questions and their order, over narrow ports with AWS adapters. Refuses to print and to change a stack.
