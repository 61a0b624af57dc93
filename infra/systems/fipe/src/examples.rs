//! What people type to work with FIPE, as the help of the command line shows it.

use system::Example;

pub(crate) const EXAMPLES: &[Example] = &[
    Example::new("invoke fipe --month 2026-08 --watch", "crawl a month and watch it"),
    Example::new("status fipe --stage dev --watch", "how far the crawl is"),
    Example::new("logs fipe --stage dev --follow", "the logs of its functions"),
    Example::new("logs fipe --stage prd --since 2h --function price", ""),
    Example::new("logs fipe --trace 0198c5c2-7a52-7e11-b5d5-2b1e0c1d9a55", ""),
    Example::new("logs fipe --json | jq 'select(.level == \"ERROR\")'", ""),
    Example::new("diff --stage dev FipeApi --no-code", "without code; nothing is built"),
    Example::new("deploy --stage dev --accept-data-loss FipeData/Cluster", ""),
    Example::new("deploy --stage prd FipeApi --approve always", "this stack; asks each time"),
    Example::new("watch --stage dev FipeData", "this stack alone"),
    Example::new("destroy --stage dev FipeApi", "this stack alone"),
    Example::new("outputs --stage dev FipeData", "this stack alone"),
    Example::new("outputs --stage dev --json | jq -r .FipeData.DBEndpoint", ""),
    Example::new("redrive ModelQueue --stage dev", ""),
    Example::new("redrive fipe-model-dlq-dev --stage dev --max 10 --yes", ""),
];
