//! The messages on a local cloud of their own: real functions, API, queues, table, secret and schedule.
//!
//! The scenarios share one cloud and do not depend on each other: each has payers of its own.

mod answers;
mod dead_letters;
mod faults;
mod logs;
mod operator;
mod sending;
mod sessions;

use std::process::ExitCode;

use anyhow::{Context, ensure};
use messages_tests::Messages;
use serde_json::{Value, json};
use test_harness::http::Answer;
use test_harness::permissions::{Needed, Permissions, Unused, putting_off};
use test_harness::scenarios::{Scenario, Suite};

const SHARED: &[(&str, Scenario<Messages>)] = &[
    ("a_wrong_password_and_an_unknown_user_are_the_same", sessions::logins),
    ("five_failures_lock_for_a_quarter_of_an_hour", sessions::lockout),
    ("a_refresh_token_is_used_once_or_never_again", sessions::refreshing),
    ("everything_but_pages_needs_a_token", sessions::tokens_needed),
    ("a_message_is_answered_to_the_letter_and_saved", sending::envelope),
    ("every_fault_of_a_message_is_told_in_the_order_of_the_fields", sending::faults),
    ("an_array_is_answered_one_by_one", sending::arrays),
    ("one_idempotency_key_is_one_message", sending::idempotency),
    ("an_amount_is_never_a_float", sending::amounts),
    ("queues_are_counted_under_both_of_their_names", answers::counts),
    ("a_timeline_tells_all_and_can_be_waited_for", answers::timeline),
    ("what_is_nowhere_and_what_is_not_allowed_is_told_in_both_forms", answers::errors),
    ("the_pages_and_the_document_need_nobody_else", answers::pages_and_document),
    ("the_dead_letter_queue_holds_exactly_the_poison_with_reasons", dead_letters::poison),
    ("a_plan_changes_nothing_and_filters_choose", dead_letters::plans),
    ("dead_letters_go_back_as_a_job", dead_letters::jobs),
    ("what_was_accepted_and_never_sent_is_swept", faults::swept),
    ("what_sqs_has_moved_itself_is_noted", faults::moved_by_sqs),
    ("a_failed_send_is_finished_by_the_clients_repetition", faults::repeated),
    ("killed_functions_cost_time_and_nothing_else", faults::killed),
    ("the_operator_decides_who_may_log_in", operator::users),
    ("keys_are_rotated_and_nobody_is_logged_out", operator::keys),
    ("the_operator_looks_and_redrives", operator::queues),
    ("one_command_shows_messages_and_their_trace", operator::invoke),
    ("a_fuzzer_that_reads_the_document_finds_nothing", answers::fuzzer),
    ("the_sweeper_is_invoked_each_minute", faults::scheduled),
    ("no_log_line_has_a_password_a_token_or_a_key", logs::no_secrets),
];

/// Grants that no scenario needs.
const UNUSED: [Unused; 2] = [
    putting_off("WorkerConsumerSqs", "${MainQueue.Arn}"),
    Unused {
        function: "MessagesSweeper",
        action: "sqs:ChangeMessageVisibility",
        resource: "${MainQueueDeadLetters.Arn}",
        reason: "it shows again the letters that it looked at, where a look finds some",
        needed: Needed::Sometimes,
    },
];

/// The functions of these stacks do here all that their roles allow.
const PERMISSIONS: Permissions = Permissions { stacks: &["Messages"], unused: &UNUSED, made_up: &[faults::NO_QUEUE] };

fn main() -> ExitCode {
    Suite { name: "messages", shared: SHARED, alone: &[], permissions: PERMISSIONS }.run()
}

/// The faults of an answer 422.
fn detail(answer: &Answer) -> anyhow::Result<Vec<Value>> {
    let body = answer.json()?;
    body["detail"].as_array().cloned().with_context(|| format!("no faults: {answer:?}"))
}

/// # Errors
/// The answer is another than this detail.
fn is_detail(answer: &Answer, status: u16, text: &str) -> anyhow::Result<()> {
    ensure!(answer.status == status && answer.json()? == json!({"detail": text}), "{status} was expected: {answer:?}");
    ensure!(answer.header("content-type") == "application/json", "{answer:?}");
    Ok(())
}
