//! Whether the functions of a cloud call what their roles on the stage `prd` allow, and their roles allow what they call.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use anyhow::{Context, ensure};
use test_permissions::{DeployRole, Deployed, DeployedResource, DeployedStack, Judge};
pub use test_permissions::{Needed, Unused};

use crate::Cloud;
use crate::place::repository;
use crate::recorder::{Heard, Recorder};
use crate::sandbox::Emulator;

/// The stage whose roles are judged: the strictest, and the one that must not fail.
const JUDGED: &str = "prd";

/// The roles that the scenarios of a suite are to use up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permissions {
    /// Stacks whose functions the suite makes do all that they can.
    pub stacks: &'static [&'static str],
    /// What they are granted all the same, each with its reason.
    pub unused: &'static [Unused],
    /// Names of queues and the like that scenarios make up: calls on them are no calls that a role has to allow.
    pub made_up: &'static [&'static str],
}

/// The right of a queue's consumer to put a message off, which `Queue::grant_consume_messages` gives to all of them and Lambda itself does not use.
pub const fn putting_off(function: &'static str, queue: &'static str) -> Unused {
    let reason = "a message is put off after a failure, and not in every run";
    Unused { function, action: "sqs:ChangeMessageVisibility", resource: queue, reason, needed: Needed::Sometimes }
}

/// Listens to a cloud.
pub(crate) struct Watch {
    recorder: Arc<Recorder>,
    judge: Judge,
    permissions: Permissions,
    told: BTreeSet<String>,
}

impl Watch {
    pub(crate) fn of(cloud: &Cloud, recorder: Arc<Recorder>, permissions: Permissions) -> anyhow::Result<Self> {
        let judge = Judge::new(deployed(cloud)?, &templates()?)?;
        Ok(Self { recorder, judge, permissions, told: BTreeSet::new() })
    }

    /// Whether every call until now is allowed; what was told is not told again.
    pub(crate) fn every_call_is_allowed(&mut self) -> anyhow::Result<()> {
        let heard = self.recorder.heard();
        let calls = heard.calls.iter().filter(|call| !self.permissions.made_up.contains(&call.resource.name.as_str()));
        let refused = calls.filter_map(|call| self.judge.refusal(call)).chain(heard.unreadable);
        let new: Vec<String> = refused.filter(|refusal| self.told.insert(refusal.clone())).collect();
        ensure!(new.is_empty(), "calls that AWS would refuse on {JUDGED}:\n{}", new.join("\n"));
        Ok(())
    }

    /// Whether every grant was needed by a call.
    pub(crate) fn every_grant_is_used(&self) -> anyhow::Result<()> {
        let Permissions { stacks, unused, .. } = self.permissions;
        let unused = self.judge.unused(stacks, &self.recorder.heard().calls, unused);
        ensure!(unused.is_empty(), "grants on {JUDGED} that no call needed:\n{}", unused.join("\n"));
        Ok(())
    }
}

/// Whether what deployers called on emulators is what the role of a pipeline allows; and used all of it, if `is_all` that there is to hear.
///
/// # Errors
/// Every call that is refused, and every action that no call needs.
pub fn deployers(emulators: &[Emulator], is_all: bool, unused: &[Unused]) -> anyhow::Result<()> {
    let templates = templates()?;
    let stack = DeployRole::STACK;
    let role = DeployRole::new(JUDGED, templates.get(stack).with_context(|| format!("no stack {stack}"))?)?;
    let mut heard = Heard::default();
    for emulator in emulators {
        let Heard { calls, unreadable } = emulator.heard();
        heard.calls.extend(calls);
        heard.unreadable.extend(unreadable);
    }
    let mut faults: Vec<String> = role.refusals(&heard.calls).into_iter().chain(heard.unreadable).collect();
    if is_all {
        faults.extend(role.unused(&heard.calls, unused));
    }
    ensure!(
        faults.is_empty(),
        "the role of {JUDGED}'s pipeline and what deployers call are not the same:\n{}",
        faults.join("\n")
    );
    Ok(())
}

/// The templates of the stage, as they are committed.
fn templates() -> anyhow::Result<BTreeMap<String, String>> {
    let folder = repository()?.join("environments").join(JUDGED).join("templates");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))? {
        let path = entry?.path();
        let stack = path.file_stem().context("no name")?.to_string_lossy().into_owned();
        found.insert(stack, fs::read_to_string(&path)?);
    }
    Ok(found)
}

/// The stacks of the stage `local`.
fn deployed(cloud: &Cloud) -> anyhow::Result<Deployed> {
    let described = cloud.wait(cloud.cloudformation.describe_stacks().send())?;
    let mut stacks = BTreeMap::new();
    for stack in described.stacks() {
        let name = stack.stack_name().context("a stack without a name")?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let parameters = stack.parameters().iter();
        let parameters = parameters.map(|one| (text(one.parameter_key()), text(one.parameter_value()))).collect();
        let mut pages = cloud.cloudformation.list_stack_resources().stack_name(name).into_paginator().send();
        let mut resources = Vec::new();
        while let Some(page) = cloud.wait(pages.next()) {
            resources.extend(page?.stack_resource_summaries().iter().map(|one| DeployedResource {
                logical_id: text(one.logical_resource_id()),
                kind: text(one.resource_type()),
                physical_id: text(one.physical_resource_id()),
            }));
        }
        let name = name.strip_suffix("-local").with_context(|| format!("{name} is of no stage"))?;
        stacks.insert(name.to_owned(), DeployedStack { resources, parameters });
    }
    Ok(Deployed { stacks })
}
