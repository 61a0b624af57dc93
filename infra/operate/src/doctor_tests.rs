//! The doctor on machines and in accounts that lack one thing.

use std::collections::BTreeMap;

use super::*;

struct Desk {
    missing: &'static str,
    python: &'static str,
    free_bytes: u64,
    taken: Vec<u16>,
}

impl Machine for Desk {
    async fn answer(&self, program: &str, _arguments: &[&str]) -> Option<String> {
        let version = if program == "python3" { self.python } else { "1.0" };
        (program != self.missing).then(|| version.to_owned())
    }

    fn is_free(&self, port: u16) -> bool {
        !self.taken.contains(&port)
    }

    fn free_bytes(&self) -> Option<u64> {
        Some(self.free_bytes)
    }
}

/// Everything is fine except for the denied operations; the identity may never arrive.
struct Cloud {
    denied: &'static [&'static str],
    minutes: Option<i64>,
    hangs: bool,
    vpc: Vpc,
    concurrency: u64,
    stacks: f64,
}

impl Cloud {
    fn allow(&self, operation: &'static str) -> Result<(), CallError> {
        match self.denied.contains(&operation) {
            false => Ok(()),
            true => Err(CallError {
                operation,
                code: Some("AccessDenied".to_owned()),
                message: "not authorized".to_owned(),
                kind: CallErrorKind::Denied,
                source: None,
            }),
        }
    }
}

impl Account for Cloud {
    async fn identity(&self) -> Result<Identity, CallError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        self.allow("GetCallerIdentity")?;
        let expires_at = self.minutes.map(|minutes| now() + SignedDuration::from_mins(minutes));
        Ok(Identity { arn: "arn:aws:iam::111122223333:user/ana".to_owned(), expires_at })
    }

    async fn stacks(&self) -> Result<u64, CallError> {
        self.allow("ListStacks").map(|()| 3)
    }

    async fn vpc(&self, _vpc_id: &str, _endpoints: &Endpoints) -> Result<Vpc, CallError> {
        self.allow("DescribeSubnets").map(|()| self.vpc.clone())
    }

    async fn concurrency(&self) -> Result<u64, CallError> {
        self.allow("GetAccountSettings").map(|()| self.concurrency)
    }

    async fn quota(&self, _service: &str, _code: &str) -> Result<f64, CallError> {
        self.allow("GetServiceQuota").map(|()| self.stacks)
    }
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn desk() -> Desk {
    Desk { missing: "", python: "3.12", free_bytes: 50 * GIGABYTE, taken: Vec::new() }
}

fn cloud() -> Cloud {
    Cloud { denied: &[], minutes: None, hangs: false, vpc: vpc(&["a", "b"]), concurrency: 1_000, stacks: 2_000.0 }
}

/// With a subnet in each of these zones.
fn vpc(zones: &[&str]) -> Vpc {
    let subnets: Vec<_> = zones.iter().enumerate().map(|(number, zone)| (format!("subnet-{number}"), *zone)).collect();
    let subnets: Vec<_> = subnets.iter().map(|(id, zone)| (id.as_str(), *zone)).collect();
    crate::vpc::tests::vpc(&subnets, &[("lambda", "abc"), ("sqs", "ab")], Vec::new())
}

fn needs() -> Needs {
    Needs {
        aws: true,
        region: Some("sa-east-1".to_owned()),
        vpc_id: Some("vpc-1".to_owned()),
        endpoints: Endpoints { stage: "dev".to_owned(), interface: vec!["sqs".to_owned()], gateway: Vec::new() },
        reach: Reach::Private,
        concurrency: 20,
        reserved: 0,
        ports: vec![("ministack".to_owned(), 4566, false), ("postgres".to_owned(), 54329, true)],
        installed: vec![("zig", "release builds", false)],
    }
}

/// The checks that are not ok.
async fn complaints(desk: &Desk, cloud: &Cloud, needs: &Needs) -> BTreeMap<String, Verdict> {
    let checks = examine(desk, cloud, needs, now()).await;
    for check in &checks {
        assert_eq!(check.verdict == Verdict::Ok, check.fix.is_none(), "a complaint has a fix: {check:?}");
    }
    checks.into_iter().filter(|check| check.verdict != Verdict::Ok).map(|check| (check.id, check.verdict)).collect()
}

fn one(id: &str, verdict: Verdict) -> BTreeMap<String, Verdict> {
    [(id.to_owned(), verdict)].into()
}

#[tokio::test]
async fn a_good_machine_and_account_get_no_complaint() {
    assert_eq!(complaints(&desk(), &cloud(), &needs()).await, BTreeMap::new());
    let checks = examine(&desk(), &cloud(), &needs(), now()).await;
    assert_eq!(checks.len(), 14, "{checks:#?}");
}

#[tokio::test]
async fn each_thing_that_lacks_is_told_by_its_name() {
    let of = async |desk: Desk| complaints(&desk, &cloud(), &needs()).await;
    for tool in ["cargo", "git", "python3"] {
        assert_eq!(of(Desk { missing: tool, ..desk() }).await, one(&format!("tool.{tool}"), Verdict::Failed));
    }
    assert_eq!(of(Desk { python: "3.9", ..desk() }).await, one("tool.python3", Verdict::Failed));
    assert_eq!(of(Desk { free_bytes: GIGABYTE, ..desk() }).await, one("disk", Verdict::Failed));
    assert_eq!(of(Desk { free_bytes: 5 * GIGABYTE, ..desk() }).await, one("disk", Verdict::Warning));
}

#[tokio::test]
async fn a_taken_port_is_a_failure_only_where_the_local_cloud_is_the_target() {
    let desk = Desk { taken: vec![4566, 54329], ..desk() };
    assert_eq!(complaints(&desk, &cloud(), &needs()).await, one("port.ministack", Verdict::Warning));
    let local = Needs { aws: false, ..needs() };
    assert_eq!(complaints(&desk, &cloud(), &local).await, one("port.ministack", Verdict::Failed));
}

#[tokio::test]
async fn an_account_is_asked_what_a_deployment_will_ask() {
    let of = async |cloud: Cloud| complaints(&desk(), &cloud, &needs()).await;
    assert_eq!(of(Cloud { denied: &["GetCallerIdentity"], ..cloud() }).await, one("credentials", Verdict::Failed));
    assert_eq!(of(Cloud { minutes: Some(-1), ..cloud() }).await, one("credentials", Verdict::Failed));
    assert_eq!(of(Cloud { minutes: Some(10), ..cloud() }).await, one("credentials", Verdict::Warning));
    assert_eq!(of(Cloud { minutes: Some(60), ..cloud() }).await, BTreeMap::new());
    assert_eq!(of(Cloud { denied: &["ListStacks"], ..cloud() }).await, one("cloudformation", Verdict::Failed));
    assert_eq!(of(Cloud { denied: &["DescribeSubnets"], ..cloud() }).await, one("vpc", Verdict::Warning));
    assert_eq!(of(Cloud { vpc: vpc(&["a", "a"]), ..cloud() }).await, one("vpc", Verdict::Failed));
    assert_eq!(of(Cloud { vpc: vpc(&["a", "d"]), ..cloud() }).await, one("vpc", Verdict::Failed));
    assert_eq!(of(Cloud { vpc: vpc(&[]), ..cloud() }).await, one("vpc", Verdict::Failed));
    let unknown = of(Cloud { denied: &["GetServiceQuota", "GetAccountSettings"], ..cloud() }).await;
    assert_eq!(unknown.values().collect::<Vec<_>>(), [&Verdict::Warning, &Verdict::Warning]);
    assert_eq!(of(Cloud { stacks: 10.0, ..cloud() }).await, one("quota.stacks", Verdict::Failed));
}

#[tokio::test]
async fn endpoints_that_have_no_zone_or_are_in_the_way_of_each_other_are_told_before_anything_is_made() {
    let of = async |cloud: Cloud| complaints(&desk(), &cloud, &needs()).await;
    assert_eq!(of(Cloud { vpc: vpc(&["b", "c"]), ..cloud() }).await, BTreeMap::new());
    // Zone c has no endpoint of SQS, but one zone is enough.
    let nowhere = Needs { endpoints: Endpoints { interface: vec!["sns".to_owned()], ..needs().endpoints }, ..needs() };
    assert_eq!(complaints(&desk(), &cloud(), &nowhere).await, one("vpc.endpoints", Verdict::Failed));
    let taken = crate::vpc::tests::with_endpoint(vpc(&["a", "b"]), "vpce-1", "sqs", Some("prd"));
    assert_eq!(of(Cloud { vpc: taken.clone(), ..cloud() }).await, one("vpc.endpoints", Verdict::Failed));
    let none = Needs { endpoints: Endpoints::default(), ..needs() };
    assert_eq!(complaints(&desk(), &Cloud { vpc: taken, ..cloud() }, &none).await, BTreeMap::new());
}

#[tokio::test]
async fn an_account_that_runs_few_functions_is_told_what_that_means() {
    let of = async |concurrency, reserved| {
        let needs = Needs { reserved, ..needs() };
        complaints(&desk(), &Cloud { concurrency, ..cloud() }, &needs).await.remove("quota.lambda-concurrency")
    };
    // 20 may be used.
    for (most, reserved, verdict) in [
        (10, 0, Some(Verdict::Failed)),
        (19, 0, Some(Verdict::Failed)),
        (20, 0, Some(Verdict::Warning)),
        (39, 0, Some(Verdict::Warning)),
        (40, 0, None),
        (109, 10, Some(Verdict::Failed)),
        (110, 10, None),
    ] {
        assert_eq!(of(most, reserved).await, verdict, "{most} and {reserved} reserved");
    }
}

#[tokio::test]
async fn what_is_not_given_is_told_with_how_to_give_it() {
    let without = Needs { vpc_id: None, ..needs() };
    assert_eq!(complaints(&desk(), &cloud(), &without).await, one("vpc", Verdict::Warning));
    let without = Needs { region: None, ..needs() };
    assert_eq!(complaints(&desk(), &cloud(), &without).await, one("region", Verdict::Failed));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_does_not_answer_costs_less_than_three_seconds_and_hides_nothing_else() {
    let started = tokio::time::Instant::now();
    let desk = Desk { missing: "git", ..desk() };
    let found = complaints(&desk, &Cloud { hangs: true, ..cloud() }, &needs()).await;
    assert_eq!(found.into_keys().collect::<Vec<_>>(), ["credentials", "tool.git"]);
    assert!(started.elapsed() < Duration::from_secs(3));
}
