//! What a machine and an account lack to deploy a stage, each with its fix. Repairs nothing, and never takes long: a
//! check that AWS does not answer in time is reported as unknown.

use std::time::Duration;

use aws_access::{CallError, CallErrorKind};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::vpc::{Endpoints, Reach, Vpc};

/// The machine that deploys.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait Machine {
    /// First line of a program's output; `None` when there is no such program or it fails.
    async fn answer(&self, program: &str, arguments: &[&str]) -> Option<String>;

    /// Whether a port of 127.0.0.1 is free to listen on.
    fn is_free(&self, port: u16) -> bool;

    /// Free bytes in the repository's file system.
    fn free_bytes(&self) -> Option<u64>;
}

/// The account that is deployed to.
#[expect(async_fn_in_trait, reason = "one current-thread runtime drives the flow, so no Send bound is needed")]
pub trait Account {
    /// Whose the credentials are. Does not need a region.
    async fn identity(&self) -> Result<Identity, CallError>;

    /// Asks CloudFormation for the number of stacks.
    async fn stacks(&self) -> Result<u64, CallError>;

    /// Reads a VPC, and which of these endpoints are in its way.
    async fn vpc(&self, vpc_id: &str, endpoints: &Endpoints) -> Result<Vpc, CallError>;

    /// How many functions may run at the same time in the account, altogether.
    async fn concurrency(&self) -> Result<u64, CallError>;

    /// The applied value of a quota, for example `cloudformation`, `L-0485CB21`.
    async fn quota(&self, service: &str, code: &str) -> Result<f64, CallError>;
}

/// Whose credentials are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// For example `arn:aws:iam::111122223333:user/ana`.
    pub arn: String,
    /// When they expire, where known.
    pub expires_at: Option<Timestamp>,
}

/// What a stage needs.
#[derive(Debug, Clone)]
pub struct Needs {
    /// Whether it goes to AWS, and not to the local cloud.
    pub aws: bool,
    /// Region, as far as it is known without a call.
    pub region: Option<String>,
    /// The VPC that was given.
    pub vpc_id: Option<String>,
    /// The endpoints that the stage makes in it.
    pub endpoints: Endpoints,
    /// Of its databases.
    pub reach: Reach,
    /// Functions that may run at the same time.
    pub concurrency: u64,
    /// Of these, those that are reserved.
    pub reserved: u64,
    /// Ports of the local cloud: what for, which, and whether our own local cloud uses it.
    pub ports: Vec<(String, u16, bool)>,
    /// Programs that our own commands install: name, what for, and whether it is installed.
    pub installed: Vec<(&'static str, &'static str, bool)>,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// Deploying may work; or the answer is unknown.
    Warning,
    /// Deploying will not work.
    Failed,
}

/// One line of the doctor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable name, for example `tool.cargo` or `quota.lambda-concurrency`.
    pub id: String,
    pub verdict: Verdict,
    /// What was found.
    pub finding: String,
    /// What to do, where there is something to do.
    pub fix: Option<String>,
}

impl Check {
    fn ok(id: impl Into<String>, finding: impl Into<String>) -> Self {
        Self { id: id.into(), verdict: Verdict::Ok, finding: finding.into(), fix: None }
    }

    fn bad(id: impl Into<String>, verdict: Verdict, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { id: id.into(), verdict, finding: finding.into(), fix: Some(fix.into()) }
    }
}

/// What Lambda leaves unreserved:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
const UNRESERVED: u64 = 100;
const CONCURRENCY_QUOTA: &str = "ask for more in Service Quotas (L-B99A9384): new accounts start with 10";
const GIGABYTE: u64 = 1_000_000_000;
/// Credentials that expire sooner than the longest deployment (a cluster takes about a quarter of an hour) would expire during it.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_mins(30);
/// How long one call to AWS may take. The first one includes finding credentials, for which a machine outside EC2 may try
/// the metadata service in vain.
const PATIENCE: Duration = Duration::from_millis(1_800);

/// Runs all checks, of the machine and of the account, at the same time.
pub async fn examine(machine: &impl Machine, account: &impl Account, needs: &Needs, now: Timestamp) -> Vec<Check> {
    let (mut checks, of_account) = tokio::join!(of_machine(machine, needs), async {
        if needs.aws { of_account(account, needs, now).await } else { Vec::new() }
    });
    checks.extend(of_account);
    checks
}

async fn of_machine(machine: &impl Machine, needs: &Needs) -> Vec<Check> {
    let (cargo, git, python) = tokio::join!(
        machine.answer("cargo", &["--version"]),
        machine.answer("git", &["--version"]),
        machine.answer("python3", &["-c", "import sys, venv, ensurepip; print(*sys.version_info[:2], sep='.')"]),
    );
    let tool = |id: &str, found: Option<String>, fix: &str| match found {
        Some(version) => Check::ok(id, version),
        None => Check::bad(id, Verdict::Failed, "not found", fix),
    };
    let mut checks = vec![
        tool("tool.cargo", cargo, "install Rust from https://rustup.rs; rust-toolchain.toml pins the version"),
        tool("tool.git", git, "install git: deploy checks that the templates are committed"),
        self::python(python.as_deref()),
    ];
    checks.extend(needs.installed.iter().map(|(name, purpose, is_there)| {
        let finding = match is_there {
            true => format!("installed for {purpose}"),
            false => format!("not there yet; the first command that needs it for {purpose} installs it"),
        };
        Check::ok(format!("tool.{name}"), finding)
    }));
    checks.push(disk(machine.free_bytes()));
    checks.extend(
        needs
            .ports
            .iter()
            .map(|(service, number, is_ours)| port(service, *number, *is_ours, machine.is_free(*number), needs.aws)),
    );
    checks
}

fn python(version: Option<&str>) -> Check {
    const FIX: &str = "install python3 3.10 or newer with venv, on Debian: apt install python3-venv";
    let Some(version) = version else {
        return Check::bad("tool.python3", Verdict::Failed, "not found, or without venv and ensurepip", FIX);
    };
    let parts: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    match parts[..] {
        [major, minor] if (major, minor) >= (3, 10) => Check::ok("tool.python3", format!("{version} with venv")),
        _ => Check::bad("tool.python3", Verdict::Failed, format!("{version} is too old"), FIX),
    }
}

fn disk(free: Option<u64>) -> Check {
    let id = "disk";
    match free {
        None => Check::bad(id, Verdict::Warning, "free space is unknown", "see that 10 GB are free for builds"),
        Some(free) => {
            let finding = format!("{:.1} GB free", free as f64 / GIGABYTE as f64);
            match free {
                _ if free < 2 * GIGABYTE => {
                    Check::bad(id, Verdict::Failed, finding, "make 10 GB free; old builds are below target")
                }
                _ if free < 10 * GIGABYTE => {
                    Check::bad(id, Verdict::Warning, finding, "a full build takes up to 10 GB")
                }
                _ => Check::ok(id, finding),
            }
        }
    }
}

fn port(service: &str, port: u16, is_ours: bool, is_free: bool, is_only_local: bool) -> Check {
    let id = format!("port.{service}");
    match (is_ours, is_free) {
        (true, _) => Check::ok(id, format!("{port} is held by our local cloud")),
        (false, true) => Check::ok(id, format!("{port} is free")),
        // Deploying to AWS needs no local cloud.
        (false, false) => Check::bad(
            id,
            if is_only_local { Verdict::Warning } else { Verdict::Failed },
            format!("{port} is in use by another process"),
            format!("give another one with --{service}-port, or end what holds it: ss -ltnp 'sport = :{port}'"),
        ),
    }
}

async fn of_account(account: &impl Account, needs: &Needs, now: Timestamp) -> Vec<Check> {
    let identity = ask("GetCallerIdentity", account.identity()).await;
    let mut checks = vec![credentials(&identity, now), region(needs.region.as_deref())];
    if identity.is_err() || needs.region.is_none() {
        return checks;
    }
    let (stacks, vpc, concurrency, most_stacks) = tokio::join!(
        ask("ListStacks", account.stacks()),
        async {
            match &needs.vpc_id {
                Some(vpc_id) => Some((vpc_id, ask("DescribeSubnets", account.vpc(vpc_id, &needs.endpoints)).await)),
                None => None,
            }
        },
        ask("GetAccountSettings", account.concurrency()),
        ask("GetServiceQuota", account.quota("cloudformation", "L-0485CB21")),
    );
    checks.push(cloudformation(&stacks));
    checks.extend(network(vpc, needs));
    checks.push(self::concurrency(concurrency, needs));
    let there = stacks.map_or(0.0, |stacks| stacks as f64);
    checks.push(quota("quota.stacks", "stacks", most_stacks, there + 10.0, "L-0485CB21"));
    checks
}

async fn ask<T>(operation: &'static str, question: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    tokio::time::timeout(PATIENCE, question).await.unwrap_or_else(|_| {
        Err(CallError {
            operation,
            code: None,
            message: format!("no answer within {} s", PATIENCE.as_secs_f64()),
            kind: CallErrorKind::Transient,
            source: None,
        })
    })
}

fn credentials(identity: &Result<Identity, CallError>, now: Timestamp) -> Check {
    let id = "credentials";
    match identity {
        Err(error) => Check::bad(
            id,
            Verdict::Failed,
            in_full(error),
            "log in (aws sso login), or give --profile or AWS_PROFILE with valid credentials",
        ),
        Ok(Identity { arn, expires_at: Some(end) }) => {
            let left = end.duration_since(now);
            let finding = format!("{arn}, for {} minutes", left.as_mins().max(0));
            match left {
                _ if left <= SignedDuration::ZERO => {
                    Check::bad(id, Verdict::Failed, format!("{arn}, expired"), "log in again")
                }
                _ if left < LONG_ENOUGH => {
                    Check::bad(id, Verdict::Warning, finding, "log in again before a long deployment")
                }
                _ => Check::ok(id, finding),
            }
        }
        Ok(Identity { arn, expires_at: None }) => Check::ok(id, arn.clone()),
    }
}

fn region(region: Option<&str>) -> Check {
    match region {
        Some(region) => Check::ok("region", region),
        None => Check::bad(
            "region",
            Verdict::Failed,
            "none is set",
            "give --region or AWS_REGION, or set it in the profile",
        ),
    }
}

fn cloudformation(stacks: &Result<u64, CallError>) -> Check {
    let id = "cloudformation";
    match stacks {
        Ok(stacks) => Check::ok(id, format!("answers, {stacks} stacks")),
        Err(error) if matches!(error.kind, CallErrorKind::Denied | CallErrorKind::Unsigned) => {
            Check::bad(id, Verdict::Failed, in_full(error), "ask for a role that may use CloudFormation")
        }
        Err(error) => Check::bad(id, Verdict::Warning, in_full(error), "try again"),
    }
}

/// Whether the VPC can take the stage's database, functions and endpoints.
fn network(vpc: Option<(&String, Result<Vpc, CallError>)>, needs: &Needs) -> Vec<Check> {
    let id = "vpc";
    let Some((vpc_id, vpc)) = vpc else {
        return vec![Check::bad(id, Verdict::Warning, "none is given", "give --vpc-id or VPC_ID; deploy asks for it")];
    };
    let vpc = match vpc {
        Ok(vpc) => vpc,
        Err(error) => {
            let finding = format!("{vpc_id}: {}", in_full(&error));
            let fix =
                "allow ec2:DescribeSubnets, DescribeRouteTables, DescribeVpcEndpointServices and DescribeVpcEndpoints";
            return vec![Check::bad(id, Verdict::Warning, finding, fix)];
        }
    };
    let refused = |id: &str, error: &dyn std::error::Error| {
        Check::bad(
            id,
            Verdict::Failed,
            error.to_string(),
            "change the VPC or the stage's settings as said; deploy refuses it",
        )
    };
    let subnets = vpc.subnets(needs.reach);
    let mut checks = vec![match &subnets {
        Ok(chosen) => Check::ok(
            id,
            format!("{vpc_id} has subnets in {} zones, and {} of them have Lambda", vpc.zones(), chosen.len()),
        ),
        Err(error) => refused(id, error),
    }];
    let Endpoints { interface, gateway, .. } = &needs.endpoints;
    if let Ok(subnets) = subnets
        && !(interface.is_empty() && gateway.is_empty())
    {
        let id = "vpc.endpoints";
        let zones = if interface.is_empty() { Ok(Vec::new()) } else { vpc.endpoint_subnets(interface) };
        let admitted =
            zones.and_then(|zones| vpc.admits(&needs.endpoints, &vpc.route_tables(&subnets)).map(|()| zones));
        checks.push(match admitted {
            Ok(zones) => {
                let services = [interface.as_slice(), gateway].concat().join(", ");
                Check::ok(id, format!("{services} can be made, interfaces in {} zones", zones.len()))
            }
            Err(error) => refused(id, &error),
        });
    }
    checks
}

/// Whether the account runs as many functions at the same time as the stage may, and reserves as many.
fn concurrency(most: Result<u64, CallError>, needs: &Needs) -> Check {
    let (id, needed, reserved) = ("quota.lambda-concurrency", needs.concurrency, needs.reserved);
    let bad = |verdict, finding: String| Check::bad(id, verdict, finding, CONCURRENCY_QUOTA);
    match most {
        Err(error) => {
            let finding = format!("unknown: {}", in_full(&error));
            Check::bad(id, Verdict::Warning, finding, "allow lambda:GetAccountSettings to see it")
        }
        Ok(most) if reserved > 0 && most < reserved + UNRESERVED => bad(
            Verdict::Failed,
            format!(
                "{most} concurrent executions: Lambda refuses to reserve {reserved} of them, as it leaves {UNRESERVED} to \
                 functions without a reservation"
            ),
        ),
        Ok(most) if most < needed => bad(
            Verdict::Failed,
            format!(
                "{most} concurrent executions, and {needed} may be used: messages would go to the dead-letter queues unread"
            ),
        ),
        Ok(most) if most < 2 * needed => bad(
            Verdict::Warning,
            format!("{most} concurrent executions, and {needed} may be used: little is left for others"),
        ),
        Ok(most) => Check::ok(id, format!("{most} concurrent executions")),
    }
}

fn quota(id: &str, what: &str, most: Result<f64, CallError>, needed: f64, code: &str) -> Check {
    match most {
        Err(error) => Check::bad(
            id,
            Verdict::Warning,
            format!("unknown: {}", in_full(&error)),
            "allow servicequotas:GetServiceQuota to see it",
        ),
        Ok(most) if most < needed => Check::bad(
            id,
            Verdict::Failed,
            format!("{most} {what}, needed are {needed}"),
            format!("ask for more in Service Quotas ({code})"),
        ),
        Ok(most) if most < 2.0 * needed => Check::bad(
            id,
            Verdict::Warning,
            format!("{most} {what}, and {needed} may be used"),
            format!("leave room for others: ask for more in Service Quotas ({code})"),
        ),
        Ok(most) => Check::ok(id, format!("{most} {what}")),
    }
}

/// A failed call in one line.
fn in_full(error: &CallError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}, because {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
