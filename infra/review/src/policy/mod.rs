//! The algebra of IAM: which principal may do what, where and when, and what is new about it. Knows the policies of every kind of resource; judges nothing.

pub(crate) mod access;
pub(crate) mod carrier;
pub(crate) mod condition;
pub(crate) mod difference;
pub(crate) mod evidence;
pub(crate) mod groups;
pub(crate) mod network;
pub(crate) mod pattern;
pub(crate) mod privilege;
pub(crate) mod statement;
pub(crate) mod text;

pub use access::{Access, Call, Granted, Judgement};
pub(crate) use carrier::{Declared, Policies, Subject};
pub(crate) use difference::{Difference, What, differences};
pub(crate) use evidence::Evidence;
pub(crate) use groups::{Direction, GroupDifference};
