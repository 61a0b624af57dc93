//! How full queues are, for people.

use operate::QueueDepth;

use super::{Table, grouped};

/// A table, or one line when there is nothing in any of them.
pub fn queue_lines(queues: &[QueueDepth]) -> Vec<String> {
    if queues.iter().all(QueueDepth::is_quiet) {
        return vec!["queues and dead-letter queues are empty".to_owned()];
    }
    let mut table = Table::new(&["queue", "waiting", "in flight", "dead letters"], &[1, 2, 3]);
    for queue in queues {
        let numbers = [queue.available, queue.in_flight, queue.dead_letters].map(grouped);
        table.row(std::iter::once(queue.name.clone()).chain(numbers).collect());
    }
    table.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_queues_is_a_table_and_nothing_is_a_line() {
        let queue =
            |available, dead_letters| QueueDepth { name: "order".to_owned(), available, in_flight: 0, dead_letters };
        assert_eq!(queue_lines(&[queue(0, 0)]), ["queues and dead-letter queues are empty"]);
        assert_eq!(
            queue_lines(&[queue(1_200, 1)]),
            ["queue  waiting  in flight  dead letters", "order    1,200          0             1"]
        );
    }
}
