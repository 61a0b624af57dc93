//! Our stacks, one file a stack, and the stages they are deployed to.
