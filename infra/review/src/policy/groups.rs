//! Rules of security groups as sets of addresses and ports: split, merged or moved rules are not a difference.

use super::{
    Declared,
    network::{Cidr, subtract},
    text::{self, Guards},
};
use serde_json::Value;

/// The direction of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        }
    }
}

/// One rule of a group, or what remains of it without the other side's.
#[derive(Clone, Debug)]
pub(crate) struct GroupRule {
    /// The group's logical id if the stack has it, else its text.
    pub(crate) group: String,
    pub(crate) carrier: String,
    pub(crate) path: String,
    pub(crate) direction: Direction,
    /// `tcp`, `udp`, `icmp`, .., `all`.
    pub(crate) protocol: String,
    pub(crate) ports: Ports,
    pub(crate) peer: Peer,
    pub(crate) guards: Guards,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ports {
    Range(u32, u32),
    /// Parameters and the like.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) text: String,
    cidr: Option<Cidr>,
}

/// A rule that only one side has.
#[derive(Clone, Debug)]
pub(crate) struct GroupDifference {
    pub(crate) rule: GroupRule,
    pub(crate) added: bool,
}

const ALL_PORTS: Ports = Ports::Range(0, 65_535);

impl Ports {
    pub(crate) fn text(&self) -> String {
        match self {
            all if *all == ALL_PORTS => "all ports".to_owned(),
            Ports::Range(from, to) if from == to => format!("port {from}"),
            Ports::Range(from, to) => format!("ports {from}-{to}"),
            Ports::Unknown(text) => format!("port {text}"),
        }
    }

    fn span(&self) -> Option<(u128, u128)> {
        match self {
            Ports::Range(from, to) => Some((u128::from(*from), u128::from(*to))),
            Ports::Unknown(_) => None,
        }
    }
}

impl Peer {
    pub(crate) fn is_the_internet(&self) -> bool {
        self.cidr.is_some_and(|cidr| cidr.is_the_internet())
    }

    /// All of IPv4, which contains an address of every peer.
    fn is_everybody(&self) -> bool {
        self.text == "0.0.0.0/0"
    }
}

/// What each side has that the other has not.
pub(crate) fn group_differences(before: &[Declared<'_>], after: &[Declared<'_>]) -> Vec<GroupDifference> {
    let (old, new) = (rules(before), rules(after));
    let mut found = Vec::new();
    for (mine, others, added) in [(&new, &old, true), (&old, &new, false)] {
        for rule in mine {
            for ports in uncovered(rule, others) {
                found.push(GroupDifference { rule: GroupRule { ports, ..rule.clone() }, added });
            }
        }
    }
    found
}

/// The ports of a rule for which some address of its peer is not covered by the others' rules.
fn uncovered(rule: &GroupRule, others: &[GroupRule]) -> Vec<Ports> {
    let related: Vec<&GroupRule> = others
        .iter()
        .filter(|other| other.group == rule.group && other.direction == rule.direction)
        .filter(|other| other.protocol == "all" || other.protocol == rule.protocol)
        .filter(|other| other.guards.is_subset(&rule.guards))
        .collect();
    let Some(span) = rule.ports.span() else {
        let same: Vec<&GroupRule> =
            related.iter().copied().filter(|other| other.ports == rule.ports || other.ports == ALL_PORTS).collect();
        return if is_known(&rule.peer, &same) { Vec::new() } else { vec![rule.ports.clone()] };
    };
    // Between two neighbouring borders the same rules apply to all ports.
    let spans: Vec<(u128, u128)> = related.iter().filter_map(|other| other.ports.span()).collect();
    let mut borders: Vec<u128> = spans
        .iter()
        .flat_map(|(from, to)| [*from, *to + 1])
        .filter(|border| *border > span.0 && *border <= span.1)
        .collect();
    borders.extend([span.0, span.1 + 1]);
    borders.sort_unstable();
    borders.dedup();
    let mut left: Vec<(u128, u128)> = Vec::new();
    for pair in borders.windows(2) {
        let here: Vec<&GroupRule> = related
            .iter()
            .copied()
            .filter(|other| other.ports.span().is_some_and(|span| subtract((pair[0], pair[1] - 1), &[span]).is_empty()))
            .collect();
        if is_known(&rule.peer, &here) {
            continue;
        }
        match left.last_mut() {
            Some(last) if last.1 + 1 == pair[0] => last.1 = pair[1] - 1,
            _ => left.push((pair[0], pair[1] - 1)),
        }
    }
    let narrow = |port: u128| u32::try_from(port).unwrap_or(u32::MAX);
    left.into_iter().map(|(from, to)| Ports::Range(narrow(from), narrow(to))).collect()
}

fn is_known(peer: &Peer, rules: &[&GroupRule]) -> bool {
    if rules.iter().any(|rule| rule.peer == *peer) {
        return true;
    }
    match peer.cidr {
        None => rules.iter().any(|rule| rule.peer.is_everybody()),
        Some(cidr) => cidr.without(&rules.iter().filter_map(|rule| rule.peer.cidr).collect::<Vec<_>>()).is_empty(),
    }
}

/// All rules of all groups, in separate resources or inline.
pub(crate) fn rules(resources: &[Declared<'_>]) -> Vec<GroupRule> {
    let mut found = Vec::new();
    for each in resources {
        let guards: Guards = each.condition.map(|name| (name.to_owned(), true)).into_iter().collect();
        match each.resource_type {
            "AWS::EC2::SecurityGroup" => {
                for (property, direction) in
                    [("SecurityGroupIngress", Direction::Ingress), ("SecurityGroupEgress", Direction::Egress)]
                {
                    match each.properties.get(property) {
                        Some(value) => text::each(value, property, &guards, &mut |value, path, guards| {
                            found.extend(read(each.id, each.id, path, direction, value, guards));
                        }),
                        // A group without egress rules lets everything out.
                        None if direction == Direction::Egress => {
                            let all = serde_json::json!({"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"});
                            found.extend(read(each.id, each.id, property, direction, &all, &guards));
                        }
                        None => {}
                    }
                }
            }
            "AWS::EC2::SecurityGroupIngress" | "AWS::EC2::SecurityGroupEgress" => {
                let direction =
                    if each.resource_type.ends_with("Ingress") { Direction::Ingress } else { Direction::Egress };
                let group = each.properties.get("GroupId").or_else(|| each.properties.get("GroupName"));
                let group = group.map(text::text).unwrap_or_default();
                let known = text::referred(&group).filter(|id| resources.iter().any(|other| other.id == *id));
                let group = known.unwrap_or(&group).to_owned();
                found.extend(read(&group, each.id, "", direction, each.properties, &guards));
            }
            _ => {}
        }
    }
    found
}

const PEERS: &[&str] = &[
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "DestinationSecurityGroupId",
    "SourceSecurityGroupName",
    "SourcePrefixListId",
    "DestinationPrefixListId",
];

fn read(group: &str, carrier: &str, path: &str, direction: Direction, rule: &Value, guards: &Guards) -> Vec<GroupRule> {
    let protocol = match rule.get("IpProtocol").map(text::text).unwrap_or_default().to_ascii_lowercase().as_str() {
        "-1" | "all" | "" => "all".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        "58" => "icmpv6".to_owned(),
        other => other.to_owned(),
    };
    let ports = ports(&protocol, rule.get("FromPort"), rule.get("ToPort"));
    let mut found = Vec::new();
    for name in PEERS {
        let Some(value) = rule.get(*name) else { continue };
        let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        text::each(value, &path, guards, &mut |value, path, guards| {
            let mut text = text::text(value);
            if let Some(id) = text.strip_suffix(".GroupId}") {
                text = format!("{id}}}");
            }
            let cidr = Cidr::parse(&text).filter(|_| name.starts_with("Cidr"));
            found.push(GroupRule {
                group: group.to_owned(),
                carrier: carrier.to_owned(),
                path: path.to_owned(),
                direction,
                protocol: protocol.clone(),
                ports: ports.clone(),
                peer: Peer { text, cidr },
                guards: guards.clone(),
            });
        });
    }
    found
}

fn ports(protocol: &str, from: Option<&Value>, to: Option<&Value>) -> Ports {
    if protocol == "all" {
        return ALL_PORTS;
    }
    let (Some(from), Some(to)) = (from.map(text::text), to.map(text::text)) else { return ALL_PORTS };
    match (from.parse::<i64>(), to.parse::<i64>()) {
        (Ok(-1), _) => ALL_PORTS,
        (Ok(from), Ok(to)) => {
            let port = |number: i64| u32::try_from(number.clamp(0, 65_535)).unwrap_or(0);
            // For ICMP these are type and code: -1 is every code.
            Ports::Range(port(from), if to == -1 { 65_535 } else { port(to) })
        }
        _ if from == to => Ports::Unknown(from),
        _ => Ports::Unknown(format!("{from}-{to}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn opened(before: Value, after: Value) -> Vec<String> {
        let side = |ingress: &Value| json!({"SecurityGroupIngress": ingress});
        let (old, new) = (side(&before), side(&after));
        fn group(properties: &Value) -> Declared<'_> {
            Declared { id: "Group", resource_type: "AWS::EC2::SecurityGroup", properties, condition: None }
        }
        group_differences(&[group(&old)], &[group(&new)])
            .into_iter()
            .filter(|each| each.added && each.rule.direction == Direction::Ingress)
            .map(|each| format!("{} {} {}", each.rule.protocol, each.rule.ports.text(), each.rule.peer.text))
            .collect()
    }

    fn tcp(from: u32, to: u32, cidr: &str) -> Value {
        json!({"IpProtocol": "tcp", "FromPort": from, "ToPort": to, "CidrIp": cidr})
    }

    #[test]
    fn split_and_merged_rules_are_no_difference() {
        let whole = json!([tcp(80, 90, "10.0.0.0/8")]);
        let split = json!([tcp(80, 85, "10.0.0.0/8"), tcp(86, 90, "10.0.0.0/9"), tcp(86, 90, "10.128.0.0/9")]);
        assert!(opened(whole.clone(), split.clone()).is_empty());
        assert!(opened(split, whole).is_empty());
    }

    #[test]
    fn only_the_ports_that_are_new_are_told() {
        let widened = opened(json!([tcp(80, 90, "10.0.0.0/8")]), json!([tcp(70, 95, "10.0.0.0/8")]));
        assert_eq!(widened, ["tcp ports 70-79 10.0.0.0/8", "tcp ports 91-95 10.0.0.0/8"]);
    }

    #[test]
    fn a_narrower_network_and_fewer_ports_open_nothing() {
        assert!(opened(json!([tcp(0, 65535, "0.0.0.0/0")]), json!([tcp(443, 443, "10.1.0.0/16")])).is_empty());
        assert!(opened(json!([tcp(443, 443, "10.0.0.0/8")]), json!([])).is_empty());
    }

    #[test]
    fn all_protocols_are_more_than_one() {
        let all = json!([{"IpProtocol": -1, "CidrIp": "10.0.0.0/8"}]);
        assert_eq!(opened(json!([tcp(0, 65535, "10.0.0.0/8")]), all.clone()), ["all all ports 10.0.0.0/8"]);
        assert!(opened(all, json!([tcp(22, 22, "10.0.0.0/8")])).is_empty());
    }
}
