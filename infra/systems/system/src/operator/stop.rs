//! The user's wish that work stop, for work that has something to clean up first.

use tokio::sync::watch;

/// A wish to stop, which is made once and stays.
#[derive(Debug, Default)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// Makes the wish.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was made.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is made.
    pub async fn asked(&self) {
        // The sender lives as long as this borrow, so the wait cannot fail.
        _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }

    /// The result of `work`, or `None` if the wish is made before; then the work is dropped.
    pub async fn unless_asked<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.asked() => None,
            done = work => Some(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_ends_at_the_wish_to_stop_and_none_starts_after_it() {
        let stop = Stop::default();
        assert_eq!(stop.unless_asked(async { 1 }).await, Some(1));
        let asked = async {
            stop.ask();
            std::future::pending::<()>().await;
        };
        assert_eq!(stop.unless_asked(asked).await, None);
        assert!(stop.is_asked());
        assert_eq!(stop.unless_asked(async { 1 }).await, None);
    }
}
