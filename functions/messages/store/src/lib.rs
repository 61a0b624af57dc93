//! The messages table on DynamoDB and the queues on SQS: items, conditions, and the meaning of a failed condition. The rules are in `messages-core`.

mod clock;
mod item;
mod queues;
mod table;

pub use clock::SystemClock;
pub use queues::{DeadLetters, FifoQueue};
pub use table::MessagesTable;
