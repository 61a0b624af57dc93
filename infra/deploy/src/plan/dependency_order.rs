//! Runs one step per stack in dependency order, independent ones in parallel. Never starts a step whose
//! dependency failed.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::{Error, Skipped, StacksFailed};

/// Runs the steps `0..needs.len()`, each after those in its `needs`, at most `concurrency` at a time (at least one). When
/// one fails, those that depend on it are skipped and all others continue. `names` are for the error; `skip` gets (step, failed).
pub(crate) async fn run_in_order<T>(
    names: &[String],
    needs: &[Vec<usize>],
    concurrency: usize,
    step: impl AsyncFn(usize) -> Result<T, Error>,
    skip: impl Fn(usize, usize),
) -> Result<Vec<T>, Error> {
    let mut states: Vec<State<T>> = needs.iter().map(|_| State::Waiting).collect();
    let mut failed: Vec<(String, Error)> = Vec::new();
    let mut running = FuturesUnordered::new();
    let step = &step;
    loop {
        let lost = |states: &[State<T>]| {
            let mut waiting = (0..states.len()).filter(|&index| matches!(states[index], State::Waiting));
            let cause = |index: usize| needs[index].iter().find_map(|&need| states[need].lost(need));
            waiting.find_map(|index| cause(index).map(|cause| (index, cause)))
        };
        while let Some((index, because)) = lost(&states) {
            states[index] = State::Skipped { because };
            skip(index, because);
        }
        for index in 0..states.len() {
            let is_ready = matches!(states[index], State::Waiting)
                && needs[index].iter().all(|&need| matches!(states[need], State::Done(_)));
            if is_ready && running.len() < concurrency.max(1) {
                states[index] = State::Running;
                running.push(async move { (index, step(index).await) });
            }
        }
        match running.next().await {
            None => break,
            Some((index, Ok(done))) => states[index] = State::Done(done),
            Some((index, Err(error))) => {
                states[index] = State::Failed;
                failed.push((names[index].clone(), error));
            }
        }
    }
    let mut failed = failed.into_iter();
    let Some((stack, error)) = failed.next() else {
        return Ok(states.into_iter().filter_map(State::done).collect());
    };
    let named = |wanted: fn(&State<T>) -> bool| {
        (states.iter().zip(names)).filter(move |(state, _)| wanted(state)).map(|(_, name)| name.clone())
    };
    let skipped = states.iter().zip(names).filter_map(|(state, name)| match state {
        State::Skipped { because } => Some(Skipped { stack: name.clone(), because: names[*because].clone() }),
        _ => None,
    });
    Err(Error::Stacks(Box::new(StacksFailed {
        stack,
        error,
        others: failed.collect(),
        skipped: skipped.collect(),
        done: named(|state| matches!(state, State::Done(_))).collect(),
    })))
}

enum State<T> {
    Waiting,
    Running,
    Done(T),
    Failed,
    Skipped { because: usize },
}

impl<T> State<T> {
    /// The step that failed, if this one, `index`, failed or was skipped.
    fn lost(&self, index: usize) -> Option<usize> {
        match self {
            Self::Failed => Some(index),
            Self::Skipped { because } => Some(*because),
            _ => None,
        }
    }

    fn done(self) -> Option<T> {
        match self {
            Self::Done(done) => Some(done),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|index| index.to_string()).collect()
    }

    fn failure() -> Error {
        Error::Cycle(Vec::new())
    }

    #[tokio::test]
    async fn independent_steps_run_at_the_same_time_up_to_the_limit_and_dependent_ones_after() {
        let (running, most, order) = (RefCell::new(0), RefCell::new(0), RefCell::new(Vec::new()));
        let step = async |index: usize| {
            *running.borrow_mut() += 1;
            most.replace_with(|most| (*most).max(*running.borrow()));
            tokio::task::yield_now().await;
            *running.borrow_mut() -= 1;
            order.borrow_mut().push(index);
            Ok(index)
        };
        let needs = [vec![1], vec![], vec![], vec![], vec![0]];
        let done = run_in_order(&names(5), &needs, 2, step, |_, _| {}).await.unwrap();
        assert_eq!(done, [0, 1, 2, 3, 4], "results come in the order of the steps");
        assert_eq!(*most.borrow(), 2);
        let order = order.into_inner();
        let place = |index| order.iter().position(|&each| each == index);
        assert!(place(1) < place(0) && place(0) < place(4), "{order:?}");
    }

    #[tokio::test]
    async fn what_needs_a_failed_step_is_skipped_to_the_end_and_the_rest_goes_on() {
        let skipped = RefCell::new(Vec::new());
        let step = async |index: usize| if index == 0 { Err(failure()) } else { Ok(()) };
        let needs = [vec![], vec![0], vec![1], vec![]];
        let skip = |step, because| skipped.borrow_mut().push((step, because));
        let error = run_in_order(&names(4), &needs, 1, step, skip).await.unwrap_err();
        assert_eq!(error.to_string(), "3 of 4 stacks were not done, 1, 2 not begun");
        let Error::Stacks(stacks) = error else { panic!("{error}") };
        assert_eq!((stacks.stack.as_str(), stacks.done), ("0", vec!["3".to_owned()]));
        assert_eq!(stacks.skipped[1], Skipped { stack: "2".to_owned(), because: "0".to_owned() });
        assert_eq!(*skipped.borrow(), [(1, 0), (2, 0)]);
    }
}
