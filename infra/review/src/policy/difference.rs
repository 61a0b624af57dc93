//! What is newly allowed, and no longer allowed: the set difference of two stacks' policies, by subject.

use super::{
    carrier::{Attachment, Policies, Subject},
    condition::Conditions,
    pattern::Pattern,
    privilege,
    statement::{Member, Set, Statement, principal_covers},
    text::Guards,
};
use std::collections::{BTreeMap, BTreeSet};

/// Something that only one side says.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) subject: Subject,
    /// Logical id of the resource that contains it.
    pub(crate) carrier: String,
    pub(crate) path: String,
    /// `Allow`, not `Deny`.
    pub(crate) allow: bool,
    /// New, not removed.
    pub(crate) added: bool,
    pub(crate) what: What,
    pub(crate) principals: Vec<String>,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) conditions: Conditions,
    /// The template's conditions under which it applies.
    pub(crate) guards: Guards,
    /// `NotAction`, `NotResource`, `NotPrincipal`, where the statement has it.
    pub(crate) except: Option<&'static str>,
}

/// How it differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// Actions or resources that were not named for this principal.
    Access,
    /// The principal: another one had the same.
    Principal,
    /// These keys do not restrict it any more.
    Condition(Vec<String>),
    /// It applied under conditions of the template, and now applies without.
    Always,
    /// A policy from elsewhere, or a group.
    Attachment,
    /// A permissions boundary.
    Boundary,
}

impl Difference {
    /// Whether someone may do more because of it.
    pub(crate) fn opens(&self) -> bool {
        if self.what == What::Boundary { !self.added } else { self.allow == self.added }
    }
}

/// All differences: first by subject, then in the order of the text.
pub(crate) fn differences(before: &Policies, after: &Policies) -> Vec<Difference> {
    let subjects: BTreeSet<&Subject> =
        before.subjects().chain(after.subjects()).chain(before.boundaries.iter().map(|each| &each.subject)).collect();
    let subjects = subjects.into_iter().chain(after.boundaries.iter().map(|each| &each.subject));
    let mut found = Vec::new();
    for subject in subjects.collect::<BTreeSet<_>>() {
        let (old, new) = (Side::of(before, subject), Side::of(after, subject));
        found.extend(new.more_than(&old, true));
        found.extend(old.more_than(&new, false));
    }
    found
}

/// What one stack says about one subject.
struct Side<'p> {
    subject: &'p Subject,
    is_known: bool,
    statements: Vec<(&'p str, &'p Statement)>,
    attachments: Vec<&'p Attachment>,
    boundaries: Vec<&'p Attachment>,
}

impl<'p> Side<'p> {
    fn of(policies: &'p Policies, subject: &'p Subject) -> Side<'p> {
        let grants = policies.grants.iter().filter(|grant| grant.subject == *subject);
        Side {
            subject,
            is_known: matches!(subject, Subject::Identity(id) if policies.identities.contains(id)),
            statements: grants.map(|grant| (grant.carrier.as_str(), &grant.statement)).collect(),
            attachments: policies.attachments.iter().filter(|each| each.subject == *subject).collect(),
            boundaries: policies.boundaries.iter().filter(|each| each.subject == *subject).collect(),
        }
    }

    fn is_administrator(&self) -> bool {
        self.attachments.iter().any(|each| each.guards.is_empty() && privilege::is_administrator(each.policy.text()))
    }

    fn more_than(&self, other: &Side<'p>, added: bool) -> Vec<Difference> {
        let mut found = Vec::new();
        for (carrier, statement) in &self.statements {
            if statement.allow && other.is_administrator() {
                continue;
            }
            let others: Vec<&Statement> = other
                .statements
                .iter()
                .map(|(_, other)| *other)
                .filter(|other| other.allow == statement.allow)
                .collect();
            for group in uncovered(statement, &others) {
                if !statement.allow && !added && other.never_allows(statement) {
                    continue;
                }
                found.push(Difference {
                    subject: self.subject.clone(),
                    carrier: (*carrier).to_owned(),
                    path: statement.path.clone(),
                    allow: statement.allow,
                    added,
                    what: group.what,
                    principals: group.principals,
                    actions: group.actions,
                    resources: group.resources,
                    conditions: statement.conditions.clone(),
                    guards: statement.guards.clone(),
                    except: except(statement),
                });
            }
        }
        let kinds = [
            (What::Attachment, &self.attachments, &other.attachments),
            (What::Boundary, &self.boundaries, &other.boundaries),
        ];
        for (what, mine, others) in kinds {
            for each in mine {
                let known = |other: &&&Attachment| other.policy == each.policy && other.guards.is_subset(&each.guards);
                if others.iter().any(|other| known(&other)) || (what == What::Attachment && other.is_administrator()) {
                    continue;
                }
                found.push(Difference {
                    subject: self.subject.clone(),
                    carrier: each.carrier.clone(),
                    path: each.path.clone(),
                    allow: true,
                    added,
                    what: what.clone(),
                    principals: Vec::new(),
                    actions: vec![each.policy.text().to_owned()],
                    resources: Vec::new(),
                    conditions: Conditions::default(),
                    guards: each.guards.clone(),
                    except: None,
                });
            }
        }
        found
    }

    /// Whether a removed denial denied nothing that could be done. Only for roles, users and groups of the stack is everything known.
    fn never_allows(&self, denied: &Statement) -> bool {
        self.is_known
            && self.attachments.is_empty()
            && !self.statements.iter().any(|(_, statement)| statement.allow && meet(statement, denied))
    }
}

fn meet(left: &Statement, right: &Statement) -> bool {
    let sets = |left: &Set, right: &Set| left.members().iter().any(|l| right.members().iter().any(|r| l.meets(r)));
    sets(&left.actions, &right.actions) && sets(&left.resources, &right.resources)
}

fn except(statement: &Statement) -> Option<&'static str> {
    match (&statement.actions, &statement.resources, &statement.principals) {
        (Set::Except(_), _, _) => Some("NotAction"),
        (_, Set::Except(_), _) => Some("NotResource"),
        (_, _, Set::Except(_)) => Some("NotPrincipal"),
        _ => None,
    }
}

struct Group {
    what: What,
    principals: Vec<String>,
    actions: Vec<String>,
    resources: Vec<String>,
}

/// Combinations that are checked one by one. AWS allows policies of 20,480 characters, which contain fewer.
const MOST: usize = 50_000;

/// Whether a statement says everything that the other one says, each part by itself.
pub(super) fn contains(wide: &Statement, narrow: &Statement) -> bool {
    let all = |wide: &Set, narrow: &Set, covers: fn(&Pattern, &Pattern) -> bool| {
        let wide = wide.members();
        narrow.members().iter().all(|member| {
            let is_known = |wide: &Member<'_>| {
                let own: Vec<_> = member.guards().collect();
                wide.covers(member, covers) && wide.guards().all(|guard| own.contains(&guard))
            };
            wide.iter().any(is_known)
        })
    };
    wide.guards.is_subset(&narrow.guards)
        && wide.conditions.cover(&narrow.conditions)
        && all(&wide.principals, &narrow.principals, principal_covers)
        && all(&wide.actions, &narrow.actions, Pattern::covers)
        && all(&wide.resources, &narrow.resources, Pattern::covers)
}

/// Combinations of principal, action and resource of a statement that none of the others contains, combined again.
fn uncovered(statement: &Statement, others: &[&Statement]) -> Vec<Group> {
    let principals = statement.principals.members();
    let actions = statement.actions.members();
    let resources = statement.resources.members();
    if others.iter().any(|other| contains(other, statement)) {
        return Vec::new();
    }
    if principals.len() * actions.len() * resources.len() > MOST {
        let texts = |members: &[Member<'_>]| members.iter().map(Member::text).collect();
        let (principals, actions, resources) = (texts(&principals), texts(&actions), texts(&resources));
        return vec![Group { what: What::Access, principals, actions, resources }];
    }
    // By kind and principal: each action with its resources.
    type Found = BTreeMap<(What, String), Vec<(String, Vec<String>)>>;
    let mut found: Found = BTreeMap::new();
    for principal in &principals {
        for action in &actions {
            for resource in &resources {
                let Some(what) = missing(statement, [principal, action, resource], others) else { continue };
                let actions = found.entry((what, principal.text())).or_default();
                let text = action.text();
                match actions.iter_mut().find(|(action, _)| *action == text) {
                    Some((_, resources)) => resources.push(resource.text()),
                    None => actions.push((text, vec![resource.text()])),
                }
            }
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for ((what, principal), actions) in found {
        let mut of_this: Vec<Group> = Vec::new();
        for (action, resources) in actions {
            match of_this.iter_mut().find(|group| group.resources == resources) {
                Some(group) => group.actions.push(action),
                None => of_this.push(Group {
                    what: what.clone(),
                    principals: vec![principal.clone()],
                    actions: vec![action],
                    resources,
                }),
            }
        }
        for group in of_this {
            let same = groups.iter_mut().find(|other| {
                other.what == group.what && other.actions == group.actions && other.resources == group.resources
            });
            match same {
                Some(other) => other.principals.extend(group.principals),
                None => groups.push(group),
            }
        }
    }
    groups
}

/// How this combination goes beyond the statements; `None` if one of them, or two for the two branches of a condition, contain it.
fn missing(
    statement: &Statement,
    [principal, action, resource]: [&Member<'_>; 3],
    others: &[&Statement],
) -> Option<What> {
    let own: Guards = statement
        .guards
        .iter()
        .chain([principal, action, resource].into_iter().flat_map(Member::guards))
        .cloned()
        .collect();
    let mut best: Option<What> = None;
    let mut keep = |what: What| match &best {
        Some(What::Condition(lost)) if matches!(&what, What::Condition(other) if other.len() >= lost.len()) => {}
        Some(What::Always) => {}
        Some(What::Condition(_)) if what == What::Principal => {}
        _ => best = Some(what),
    };
    let mut sometimes: Vec<Guards> = Vec::new();
    for other in others {
        let Some(of_actions) = containing(&other.actions, action, Pattern::covers) else { continue };
        let Some(of_resources) = containing(&other.resources, resource, Pattern::covers) else { continue };
        let Some(of_principals) = containing(&other.principals, principal, principal_covers) else {
            if other.conditions.cover(&statement.conditions) {
                keep(What::Principal);
            }
            continue;
        };
        let lost = other.conditions.lost(&statement.conditions);
        if !lost.is_empty() {
            keep(What::Condition(lost.iter().map(|test| test.key().to_owned()).collect()));
            continue;
        }
        for (a, r, p) in combinations(&of_actions, &of_resources, &of_principals) {
            let needed: Guards = other.guards.iter().chain(a).chain(r).chain(p).cloned().collect();
            let open: Guards = needed.difference(&own).cloned().collect();
            if open.is_empty() {
                return None;
            }
            sometimes.push(open);
        }
        keep(What::Always);
    }
    let both_ways = sometimes.iter().any(|one| {
        let opposite: Guards = one.iter().map(|(name, holds)| (name.clone(), !holds)).collect();
        one.len() == 1 && sometimes.contains(&opposite)
    });
    if both_ways { None } else { Some(best.unwrap_or(What::Access)) }
}

/// The guards of each member of a set that contains this one. `None`: no member does.
fn containing(set: &Set, member: &Member<'_>, covers: fn(&Pattern, &Pattern) -> bool) -> Option<Vec<Guards>> {
    let found: Vec<Guards> = set
        .members()
        .iter()
        .filter(|wide| wide.covers(member, covers))
        .map(|wide| wide.guards().cloned().collect())
        .collect();
    (!found.is_empty()).then_some(found)
}

fn combinations<'g>(
    actions: &'g [Guards],
    resources: &'g [Guards],
    principals: &'g [Guards],
) -> impl Iterator<Item = (&'g Guards, &'g Guards, &'g Guards)> {
    actions.iter().flat_map(move |a| resources.iter().flat_map(move |r| principals.iter().map(move |p| (a, r, p))))
}
