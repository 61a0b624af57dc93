//! Deploys templates through CloudFormation change sets.
