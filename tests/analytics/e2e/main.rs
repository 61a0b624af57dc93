//! The analytics on a local cloud of its own: real functions, bucket, topic, queue, API and PostgreSQL.
//!
//! The scenarios share one cloud and do not depend on each other: each has programs and keys of its own.

mod answers;
mod chain;
mod evidence;
mod exactly_once;
mod faults;
mod operator;
mod uploads;

use std::process::ExitCode;

use analytics_tests::Analytics;
use test_harness::permissions::{Needed, Permissions, Unused, putting_off};
use test_harness::scenarios::{Scenario, Suite};

const SHARED: &[(&str, Scenario<Analytics>)] = &[
    ("the_example_is_answered_to_the_letter", answers::example),
    ("the_same_numbers_are_answered_as_csv_and_as_lines", answers::other_forms),
    ("an_entity_tag_lasts_until_something_counts_anew", answers::entity_tags),
    ("no_instance_answers_from_before_an_upload", answers::every_instance),
    ("the_pages_and_the_document_need_nobody_else", answers::page_and_document),
    ("every_answer_is_what_plain_sorting_says", evidence::every_answer),
    ("what_is_behind_the_numbers_adds_up_to_them", evidence::behind_the_numbers),
    ("a_file_is_read_however_it_gets_into_the_bucket", chain::every_way_in),
    ("every_message_of_s3_is_understood", chain::every_message),
    ("the_dead_letter_queue_holds_exactly_the_poison_with_reasons", chain::poison),
    ("an_announced_file_and_no_other_arrives_under_its_id", uploads::announced),
    ("rejected_rows_are_told_mended_and_taken", uploads::rejected_rows),
    ("a_dry_run_changes_nothing_and_a_revert_brings_everything_back", uploads::dry_run_and_revert),
    ("a_file_again_counts_once", exactly_once::again),
    ("overlapping_files_count_once_in_both_orders", exactly_once::overlapping),
    ("a_file_in_pieces_is_the_same_file", exactly_once::in_pieces),
    ("of_racing_versions_the_newest_counts", exactly_once::racing_versions),
    ("the_operator_uploads_looks_and_takes_back", operator::commands),
    ("killed_importers_cost_time_and_nothing_else", faults::killed_importers),
    ("a_long_file_goes_on_in_another_invocation", faults::handed_on),
    ("a_lost_database_costs_time_and_nothing_else", faults::lost_database),
    ("a_fuzzer_that_reads_the_document_finds_nothing", answers::fuzzer),
];

/// Grants that no scenario needs.
const UNUSED: [Unused; 4] = [
    putting_off("CsvImporter", "${CsvProcessingQueue.Arn}"),
    Unused {
        function: "CsvImporter",
        action: "s3:GetObject",
        resource: "${UploadBucket.Arn}/*",
        reason: "S3 names a version of each object, since the bucket has versions; a message by hand may name none",
        needed: Needed::Never,
    },
    Unused {
        function: "CsvImporter",
        action: "s3:ListBucket",
        resource: "${UploadBucket.Arn}",
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        reason: "never called: without it S3 answers 403 for an object that is gone, and not 404",
        needed: Needed::Never,
    },
    Unused {
        function: "AnalyticsApi",
        action: "secretsmanager:GetSecretValue",
        resource: "${ApiToken}",
        reason: "the stage local asks nobody for a token",
        needed: Needed::Never,
    },
];

/// The functions of these stacks do here all that their roles allow.
const PERMISSIONS: Permissions =
    Permissions { stacks: &["AnalyticsData", "Analytics"], unused: &UNUSED, made_up: &["by-hand"] };

fn main() -> ExitCode {
    Suite { name: "analytics", shared: SHARED, alone: &[], permissions: PERMISSIONS }.run()
}
