//! What a stage's resources refer to, laid out as a picture. Returns positions, not drawings.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Review;
use crate::layout::{Rect, lay_out};
use crate::pair::Pair;

/// More resources than this do not make a readable picture: then it contains only those that change, and their neighbours.
const READABLE: usize = 150;
const NODE_HEIGHT: f64 = 40.0;
/// Of the name's font, which is 12 CSS pixels high, with the width of its widest common letters.
const LETTER: f64 = 7.7;
/// Names longer than this are shortened in the middle.
const LETTERS: usize = 34;
const MARGIN: f64 = 18.0;
const HEAD: f64 = 44.0;
const GAP: f64 = 22.0;

/// The resources of one stage and their references. Lengths are in CSS pixels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    pub(crate) stage: Option<String>,
    pub(crate) stacks: Vec<(String, Rect)>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// How many resources are not in the picture.
    pub(crate) left_out: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) stack: String,
    pub(crate) logical_id: String,
    pub(crate) resource_type: String,
    /// The logical id, shortened if it is too long.
    pub(crate) name: String,
    pub(crate) place: Rect,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edge {
    /// Indexes of nodes: from the referring one to the other.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// It leads to another stack, through a parameter that is named after an output there.
    pub(crate) leaves_stack: bool,
    pub(crate) points: Vec<(f64, f64)>,
}

/// One graph for each stage of `pairs`, in their order. Removed resources are included, with what they referred to before.
pub fn graphs(pairs: &[Pair], review: &Review) -> Vec<Graph> {
    let mut stages: Vec<&Option<String>> = Vec::new();
    for pair in pairs {
        if !stages.contains(&&pair.stage) {
            stages.push(&pair.stage);
        }
    }
    stages.into_iter().map(|stage| graph(stage, pairs, review)).filter(|graph| !graph.nodes.is_empty()).collect()
}

fn graph(stage: &Option<String>, pairs: &[Pair], review: &Review) -> Graph {
    let pairs: Vec<&Pair> = pairs.iter().filter(|pair| pair.stage == *stage).collect();
    let mut nodes = Vec::new();
    let mut places: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    let mut resources = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        for template in [&pair.after, &pair.before].into_iter().flatten() {
            for resource in template.resources() {
                places.entry((at, &resource.logical_id)).or_insert_with(|| {
                    let name = cut(&resource.logical_id);
                    // Room for the sign of a change before the text.
                    let letters = name.chars().count().max(cut(&kind(&resource.resource_type)).chars().count());
                    let place = Rect { width: letters as f64 * LETTER + 42.0, height: NODE_HEIGHT, ..Rect::default() };
                    let (logical_id, resource_type) = (resource.logical_id.clone(), resource.resource_type.clone());
                    nodes.push(Node { stack: pair.stack.clone(), logical_id, resource_type, name, place });
                    resources.push((at, resource));
                    nodes.len() - 1
                });
            }
        }
    }

    let outputs = outputs(&pairs);
    let mut links: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (from, (at, resource)) in resources.iter().enumerate() {
        for (_, target) in resource.node.references() {
            if let Some(to) = places.get(&(*at, target.as_str())) {
                links.insert((from, *to));
                continue;
            }
            for (there, name) in outputs.get(&target).into_iter().flatten().filter(|(there, _)| there != at) {
                links.extend(places.get(&(*there, name.as_str())).map(|to| (from, *to)));
            }
        }
    }
    let owner: Vec<usize> = resources.iter().map(|(at, _)| *at).collect();
    drop(places);
    let kept = readable(&nodes, &links, stage, review);
    draw(stage, &pairs, nodes, &owner, &links, &kept)
}

/// By the name of an output: its stack, and the resource it belongs to.
fn outputs(pairs: &[&Pair]) -> BTreeMap<String, Vec<(usize, String)>> {
    let mut outputs: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for (at, pair) in pairs.iter().enumerate() {
        let Some(section) =
            pair.after.as_ref().or(pair.before.as_ref()).and_then(|template| template.section("Outputs"))
        else {
            continue;
        };
        for entry in section.entries() {
            let told = entry.value.references().into_iter().map(|(_, target)| (at, target));
            outputs.entry(entry.key.clone()).or_default().extend(told);
        }
    }
    outputs
}

fn readable(nodes: &[Node], links: &BTreeSet<(usize, usize)>, stage: &Option<String>, review: &Review) -> Vec<bool> {
    if nodes.len() <= READABLE {
        return vec![true; nodes.len()];
    }
    let changed: BTreeSet<(&str, &str)> = review
        .changes
        .iter()
        .filter(|change| change.stage == *stage)
        .map(|change| (change.stack.as_str(), change.logical_id.as_str()))
        .collect();
    let is_changed: Vec<bool> =
        nodes.iter().map(|node| changed.contains(&(node.stack.as_str(), node.logical_id.as_str()))).collect();
    let mut kept = is_changed.clone();
    for &(from, to) in links {
        kept[from] |= is_changed[to];
        kept[to] |= is_changed[from];
    }
    kept
}

/// Each stack in a box of its own, one below the other.
fn draw(
    stage: &Option<String>,
    pairs: &[&Pair],
    nodes: Vec<Node>,
    owner: &[usize],
    links: &BTreeSet<(usize, usize)>,
    kept: &[bool],
) -> Graph {
    let mut graph =
        Graph { stage: stage.clone(), left_out: kept.iter().filter(|kept| !**kept).count(), ..Graph::default() };
    let mut index = vec![usize::MAX; nodes.len()];
    for (at, pair) in pairs.iter().enumerate() {
        let members: Vec<usize> = (0..nodes.len()).filter(|node| owner[*node] == at && kept[*node]).collect();
        if members.is_empty() {
            continue;
        }
        let place = |node: usize| members.binary_search(&node).ok();
        let sizes: Vec<_> = members.iter().map(|node| (nodes[*node].place.width, nodes[*node].place.height)).collect();
        let inner: Vec<_> = links.iter().filter_map(|(from, to)| Some((place(*from)?, place(*to)?))).collect();
        let layout = lay_out(&sizes, &inner);
        let (left, top) = (MARGIN, graph.height + HEAD);
        for (member, rect) in members.iter().zip(&layout.nodes) {
            index[*member] = graph.nodes.len();
            let place = Rect { x: rect.x + left, y: rect.y + top, ..*rect };
            graph.nodes.push(Node { place, ..nodes[*member].clone() });
        }
        for ((from, to), points) in inner.iter().zip(layout.edges).filter(|(_, points)| !points.is_empty()) {
            let points = points.into_iter().map(|(x, y)| (x + left, y + top)).collect();
            let (from, to) = (index[members[*from]], index[members[*to]]);
            graph.edges.push(Edge { from, to, leaves_stack: false, points });
        }
        let frame =
            Rect { x: 0.0, y: graph.height, width: layout.width + 2.0 * MARGIN, height: layout.height + HEAD + MARGIN };
        graph.height += frame.height + GAP;
        graph.width = graph.width.max(frame.width);
        graph.stacks.push((pair.stack.clone(), frame));
    }
    graph.height = (graph.height - GAP).max(0.0);
    for (_, frame) in &mut graph.stacks {
        frame.width = graph.width;
    }
    for &(from, to) in links.iter().filter(|(from, to)| owner[*from] != owner[*to] && kept[*from] && kept[*to]) {
        let (from, to) = (index[from], index[to]);
        let (start, end) = (graph.nodes[from].place, graph.nodes[to].place);
        let points = vec![(start.x + start.width, start.y + NODE_HEIGHT / 2.0), (end.x, end.y + NODE_HEIGHT / 2.0)];
        graph.edges.push(Edge { from, to, leaves_stack: true, points });
    }
    graph
}

/// `AWS::SQS::Queue` as `SQS Queue`.
pub(crate) fn kind(resource_type: &str) -> String {
    resource_type.strip_prefix("AWS::").unwrap_or(resource_type).replace("::", " ")
}

/// The text with its middle omitted, if it is too long for a box.
pub(crate) fn cut(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= LETTERS {
        return name.to_owned();
    }
    let half = LETTERS / 2;
    let (head, tail) = (&letters[..half], &letters[letters.len() - half + 1..]);
    head.iter().chain(&['…']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, parse, review};

    const DATA: &str = "Resources: {Cluster: {Type: AWS::RDS::DBCluster}}\nOutputs: {DBEndpoint: {Value: !GetAtt Cluster.Endpoint.Address}}";
    const API: &str = "Parameters: {DBEndpoint: {Type: String}}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn}}}
  Dead: {Type: AWS::SQS::Queue}
  Loader: {Type: AWS::Lambda::Function, Properties: {Environment: {Variables: {URL: !Ref Queue, HOST: !Ref DBEndpoint}}}}";

    fn pair(stack: &str, before: Option<&str>, after: Option<&str>) -> Pair {
        let read = |text: Option<&str>| text.map(|text| parse(stack, text).unwrap());
        Pair { stage: Some("prd".to_owned()), stack: stack.to_owned(), before: read(before), after: read(after) }
    }

    fn drawn(pairs: &[Pair]) -> Graph {
        let mut graphs = graphs(pairs, &review(pairs, &Options::default()));
        assert_eq!(graphs.len(), 1);
        graphs.remove(0)
    }

    fn links(graph: &Graph) -> Vec<(&str, &str, bool)> {
        let name = |at: usize| graph.nodes[at].logical_id.as_str();
        graph.edges.iter().map(|edge| (name(edge.from), name(edge.to), edge.leaves_stack)).collect()
    }

    #[test]
    fn references_are_edges_within_a_stack_and_by_outputs_between_stacks() {
        let graph = drawn(&[pair("Data", Some(DATA), Some(DATA)), pair("Api", Some(API), Some(API))]);
        assert_eq!(links(&graph), [("Queue", "Dead", false), ("Loader", "Queue", false), ("Loader", "Cluster", true)]);
    }

    #[test]
    fn stacks_stand_below_each_other_and_hold_their_own_resources() {
        let graph = drawn(&[pair("Data", Some(DATA), Some(DATA)), pair("Api", Some(API), Some(API))]);
        let [(_, data), (_, api)] = &graph.stacks[..] else { panic!("two stacks") };
        assert!(data.y + data.height < api.y);
        for node in &graph.nodes {
            let (_, frame) = graph.stacks.iter().find(|(name, _)| *name == node.stack).unwrap();
            assert!(node.place.y > frame.y && node.place.y + node.place.height < frame.y + frame.height, "{node:?}");
            assert!(node.place.x > frame.x && node.place.x + node.place.width < frame.x + frame.width, "{node:?}");
        }
        assert!(api.y + api.height <= graph.height);
    }

    #[test]
    fn a_removed_resource_is_still_in_the_picture() {
        let after = API
            .replace("  Dead: {Type: AWS::SQS::Queue}\n", "")
            .replace(", Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn}}", "");
        let graph = drawn(&[pair("Api", Some(API), Some(&after))]);
        assert!(graph.nodes.iter().any(|node| node.logical_id == "Dead"));
    }

    #[test]
    fn of_too_many_resources_only_those_that_change_and_their_neighbours_are_drawn() {
        let many: String = (0..200).map(|number| format!("  Topic{number}: {{Type: AWS::SNS::Topic}}\n")).collect();
        let before = format!("{API}\n{many}");
        let after = before
            .replace("Dead: {Type: AWS::SQS::Queue}", "Dead: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 5}}");
        let graph = drawn(&[pair("Api", Some(&before), Some(&after))]);
        let mut names: Vec<_> = graph.nodes.iter().map(|node| node.logical_id.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["Dead", "Queue"]);
        assert_eq!(graph.left_out, 201);
    }

    #[test]
    fn a_long_name_is_cut_in_its_middle() {
        let name = cut(&format!("{}{}", "A".repeat(30), "B".repeat(30)));
        assert_eq!(name.chars().count(), LETTERS);
        assert!(name.starts_with("AAAA") && name.ends_with("BBBB") && name.contains('…'));
    }
}
