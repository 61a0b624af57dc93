//! Layered drawing of a directed graph: edges run from left to right, boxes never overlap, few lines cross.
//! Deterministic: the same graph gives the same picture. Does not know what a node is.

/// How many nodes a column holds before the next one begins.
const COLUMN: usize = 12;
const COLUMN_GAP: f64 = 72.0;
const ROW_GAP: f64 = 12.0;
/// Room for a line that passes between nodes.
const PASSAGE: f64 = 8.0;
const SWEEPS: usize = 12;

/// A box with its upper left corner; lengths are in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// All positions.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Layout {
    /// One for each node, in the order of the input.
    pub(crate) nodes: Vec<Rect>,
    /// One for each edge, in the order of the input: the points that its curve runs through.
    pub(crate) edges: Vec<Vec<(f64, f64)>>,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A position in a column: a node, or an edge passing through it on the way to a further column.
#[derive(Debug, Clone)]
struct Slot {
    layer: usize,
    height: f64,
    y: f64,
    /// Neighbours one column to the right and one to the left.
    right: Vec<usize>,
    left: Vec<usize>,
}

/// Lays out nodes of the given sizes. Edges lead from the referring node to the other; loops and repeated edges are fine.
pub(crate) fn lay_out(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Layout {
    let count = sizes.len();
    let forward = without_cycles(count, edges);
    let lonely: Vec<bool> = (0..count).map(|node| !forward.iter().any(|&(a, b)| a == node || b == node)).collect();
    let layers = layers(count, &forward, &lonely);

    let mut slots: Vec<Slot> = (0..count)
        .map(|node| Slot { layer: layers[node], height: sizes[node].1, y: 0.0, right: Vec::new(), left: Vec::new() })
        .collect();
    let mut ways: Vec<((usize, usize), Vec<usize>)> = Vec::new();
    for &(from, to) in &forward {
        if ways.iter().any(|(known, _)| *known == (from, to)) {
            continue;
        }
        let mut way = vec![from];
        // Layers count from the right.
        for layer in (layers[to] + 1..layers[from]).rev() {
            slots.push(Slot { layer, height: PASSAGE, y: 0.0, right: Vec::new(), left: Vec::new() });
            way.push(slots.len() - 1);
        }
        way.push(to);
        for pair in way.windows(2) {
            slots[pair[0]].right.push(pair[1]);
            slots[pair[1]].left.push(pair[0]);
        }
        ways.push(((from, to), way));
    }

    let depth = (0..count).filter(|node| !lonely[*node]).map(|node| layers[node] + 1).max().unwrap_or(0);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); depth];
    for (index, slot) in slots.iter().enumerate() {
        if index >= count || !lonely[index] {
            columns[slot.layer].push(index);
        }
    }
    order(&mut columns, &slots);
    place_rows(&columns, &mut slots);

    let widths: Vec<f64> = columns
        .iter()
        .map(|column| column.iter().filter(|slot| **slot < count).map(|node| sizes[*node].0).fold(0.0, f64::max))
        .collect();
    let mut lefts = vec![0.0; depth];
    let mut x = 0.0;
    for layer in (0..depth).rev() {
        lefts[layer] = x;
        x += widths[layer] + COLUMN_GAP;
    }
    let mut width = (x - COLUMN_GAP).max(0.0);
    let top = columns.iter().flatten().map(|slot| slots[*slot].y).fold(f64::INFINITY, f64::min);
    let mut nodes = vec![Rect::default(); count];
    let mut height: f64 = 0.0;
    for &slot in columns.iter().flatten() {
        slots[slot].y -= top;
        if slot < count {
            let (own, tall) = sizes[slot];
            nodes[slot] = Rect { x: lefts[slots[slot].layer], y: slots[slot].y, width: own, height: tall };
        }
        height = height.max(slots[slot].y + slots[slot].height);
    }
    place_lonely(sizes, &lonely, &mut nodes, &mut width, &mut height);

    let edges = edges
        .iter()
        .map(|&(from, to)| {
            let found = ways.iter().find(|(ends, _)| *ends == (from, to) || *ends == (to, from));
            let Some((ends, way)) = found else { return Vec::new() };
            let mut points = Vec::new();
            for &slot in way {
                let middle = slots[slot].y + slots[slot].height / 2.0;
                let (left, right) = match slot < count {
                    true => (nodes[slot].x, nodes[slot].x + nodes[slot].width),
                    false => (lefts[slots[slot].layer], lefts[slots[slot].layer] + widths[slots[slot].layer]),
                };
                points.extend([(left, middle), (right, middle)]);
            }
            // A line begins at the right side of its first node and ends at the left side of its last one.
            points.remove(0);
            points.pop();
            if *ends != (from, to) {
                points.reverse();
            }
            points
        })
        .collect();
    Layout { nodes, edges, width, height }
}

/// The edges, with those reversed that would close a cycle; loops are dropped.
fn without_cycles(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut state = vec![0_u8; count];
    let mut forward = Vec::new();
    let next = |node: usize| edges.iter().filter(move |edge| edge.0 == node && edge.1 != node).map(|edge| edge.1);
    for root in 0..count {
        let mut stack = vec![(root, next(root).collect::<Vec<_>>(), 0)];
        if state[root] != 0 {
            continue;
        }
        state[root] = 1;
        while let Some((node, targets, at)) = stack.last_mut() {
            let Some(&target) = targets.get(*at) else {
                state[*node] = 2;
                stack.pop();
                continue;
            };
            *at += 1;
            forward.push(if state[target] == 1 { (target, *node) } else { (*node, target) });
            if state[target] == 0 {
                state[target] = 1;
                let targets = next(target).collect();
                stack.push((target, targets, 0));
            }
        }
    }
    forward
}

/// The column of each node, counted from the right: beyond everything that it refers to, and where there is room.
fn layers(count: usize, forward: &[(usize, usize)], lonely: &[bool]) -> Vec<usize> {
    let mut layers = vec![0; count];
    let mut filled: Vec<usize> = Vec::new();
    let mut targets = vec![Vec::new(); count];
    let mut sources = vec![Vec::new(); count];
    for &(from, to) in forward {
        targets[from].push(to);
        sources[to].push(from);
    }
    // How many columns must still come to the left of a node: those with most go first.
    let mut before = vec![0_usize; count];
    let mut is_settled = false;
    while !is_settled {
        is_settled = true;
        for &(from, to) in forward {
            if before[to] <= before[from] {
                before[to] = before[from] + 1;
                is_settled = false;
            }
        }
    }
    let mut missing: Vec<usize> = targets.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..count).filter(|node| !lonely[*node] && missing[*node] == 0).collect();
    while let Some(at) = (0..ready.len()).max_by_key(|at| (before[ready[*at]], std::cmp::Reverse(ready[*at]))) {
        let node = ready.swap_remove(at);
        let mut layer = targets[node].iter().map(|target| layers[*target] + 1).max().unwrap_or(0);
        while filled.get(layer).is_some_and(|nodes| *nodes >= COLUMN) {
            layer += 1;
        }
        filled.resize(filled.len().max(layer + 1), 0);
        filled[layer] += 1;
        layers[node] = layer;
        for &source in &sources[node] {
            missing[source] -= 1;
            if missing[source] == 0 {
                ready.push(source);
            }
        }
    }
    layers
}

/// Orders each column by the median of its neighbours, back and forth, and keeps the order in which the fewest lines cross.
fn order(columns: &mut Vec<Vec<usize>>, slots: &[Slot]) {
    let mut best = (crossings(columns, slots), columns.clone());
    for sweep in 0..SWEEPS {
        let rightwards = sweep % 2 == 1;
        let sequence: Vec<usize> =
            if rightwards { (0..columns.len()).rev().collect() } else { (0..columns.len()).collect() };
        for layer in sequence {
            let rank = ranks(columns, slots.len());
            let key = |slot: usize| {
                let near = if rightwards { &slots[slot].left } else { &slots[slot].right };
                match near.is_empty() {
                    true => rank[slot] as f64,
                    false => near.iter().map(|slot| rank[*slot] as f64).sum::<f64>() / near.len() as f64,
                }
            };
            columns[layer].sort_by(|a, b| key(*a).total_cmp(&key(*b)));
        }
        let crossed = crossings(columns, slots);
        if crossed < best.0 {
            best = (crossed, columns.clone());
        }
    }
    *columns = best.1;
}

fn ranks(columns: &[Vec<usize>], count: usize) -> Vec<usize> {
    let mut rank = vec![0; count];
    for column in columns {
        for (at, slot) in column.iter().enumerate() {
            rank[*slot] = at;
        }
    }
    rank
}

fn crossings(columns: &[Vec<usize>], slots: &[Slot]) -> usize {
    let rank = ranks(columns, slots.len());
    let mut crossed = 0;
    for column in columns {
        let lines: Vec<(usize, usize)> =
            column.iter().flat_map(|slot| slots[*slot].right.iter().map(|right| (rank[*slot], rank[*right]))).collect();
        for (at, a) in lines.iter().enumerate() {
            crossed += lines[at + 1..].iter().filter(|b| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1)).count();
        }
    }
    crossed
}

/// Moves every slot towards the middle of its neighbours, as close as order and gaps allow.
fn place_rows(columns: &[Vec<usize>], slots: &mut [Slot]) {
    for column in columns {
        let mut y = 0.0;
        for &slot in column {
            slots[slot].y = y;
            y += slots[slot].height + ROW_GAP;
        }
    }
    let middle = |slot: &Slot| slot.y + slot.height / 2.0;
    for sweep in 0..SWEEPS {
        let rightwards = sweep % 2 == 1;
        let sequence: Vec<usize> =
            if rightwards { (0..columns.len()).rev().collect() } else { (0..columns.len()).collect() };
        for layer in sequence {
            let column = &columns[layer];
            let mut offset = 0.0;
            let mut offsets = Vec::with_capacity(column.len());
            let mut wishes = Vec::with_capacity(column.len());
            for &slot in column {
                let near: Vec<usize> = slots[slot].left.iter().chain(&slots[slot].right).copied().collect();
                let wish = match near.is_empty() {
                    true => slots[slot].y,
                    false => {
                        let sum: f64 = near.iter().map(|slot| middle(&slots[*slot])).sum();
                        sum / near.len() as f64 - slots[slot].height / 2.0
                    }
                };
                wishes.push(wish - offset);
                offsets.push(offset);
                offset += slots[slot].height + ROW_GAP;
            }
            for (at, y) in ascending(&wishes).into_iter().enumerate() {
                slots[column[at]].y = (y + offsets[at]).round();
            }
        }
    }
}

/// The ascending numbers that are closest to the wishes (least squares): neighbours in the wrong order meet in the middle.
fn ascending(wishes: &[f64]) -> Vec<f64> {
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for &wish in wishes {
        blocks.push((wish, 1));
        while let [.., a, b] = blocks[..] {
            if a.0 <= b.0 {
                break;
            }
            let size = a.1 + b.1;
            let mean = (a.0 * a.1 as f64 + b.0 * b.1 as f64) / size as f64;
            blocks.truncate(blocks.len() - 2);
            blocks.push((mean, size));
        }
    }
    blocks.into_iter().flat_map(|(mean, size)| std::iter::repeat_n(mean, size)).collect()
}

/// Nodes without any edge are placed in rows below the others.
fn place_lonely(sizes: &[(f64, f64)], lonely: &[bool], nodes: &mut [Rect], width: &mut f64, height: &mut f64) {
    let limit = width.max(900.0);
    let (mut x, mut y, mut tall) = (0.0, if *height > 0.0 { *height + 3.0 * ROW_GAP } else { 0.0 }, 0.0_f64);
    for node in (0..sizes.len()).filter(|node| lonely[*node]) {
        let (own, high) = sizes[node];
        if x > 0.0 && x + own > limit {
            x = 0.0;
            y += tall + ROW_GAP;
            tall = 0.0;
        }
        nodes[node] = Rect { x, y, width: own, height: high };
        tall = tall.max(high);
        *width = width.max(x + own);
        *height = height.max(y + high);
        x += own + 2.0 * ROW_GAP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (f64, f64) = (160.0, 40.0);

    fn assert_apart(layout: &Layout) {
        for (at, a) in layout.nodes.iter().enumerate() {
            for b in &layout.nodes[at + 1..] {
                let apart =
                    a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
                assert!(apart, "{a:?} lies on {b:?}");
            }
        }
    }

    /// A reproducible graph of `count` nodes.
    fn scattered(count: usize, edges: usize) -> Vec<(usize, usize)> {
        let mut seed = 42_usize;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % count
        };
        (0..edges).map(|_| (next(), next())).collect()
    }

    #[test]
    fn who_refers_stands_left_of_what_it_refers_to() {
        let edges = [(0, 1), (1, 2), (0, 2)];
        let layout = lay_out(&[SIZE; 3], &edges);
        for (edge, (from, to)) in edges.iter().enumerate() {
            assert!(layout.nodes[*from].x + layout.nodes[*from].width < layout.nodes[*to].x);
            let (first, last) = (layout.edges[edge][0], *layout.edges[edge].last().unwrap());
            assert_eq!(first.0, layout.nodes[*from].x + layout.nodes[*from].width);
            assert_eq!(last.0, layout.nodes[*to].x);
        }
    }

    #[test]
    fn boxes_never_overlap_and_stay_inside_the_picture() {
        for (count, edges) in [(1, 0), (60, 90), (60, 5), (200, 300)] {
            let layout = lay_out(&vec![SIZE; count], &scattered(count, edges));
            assert_apart(&layout);
            for rect in &layout.nodes {
                assert!(rect.x >= 0.0 && rect.y >= 0.0);
                assert!(rect.x + rect.width <= layout.width && rect.y + rect.height <= layout.height);
            }
        }
    }

    #[test]
    fn circles_loops_and_repeated_edges_are_drawn_too() {
        let layout = lay_out(&[SIZE; 3], &[(0, 1), (1, 2), (2, 0), (1, 1), (0, 1)]);
        assert_apart(&layout);
        assert_eq!(layout.edges[0], layout.edges[4]);
        assert!(layout.edges[3].is_empty(), "a loop has no line");
        let back = &layout.edges[2];
        assert!(back[0].0 > back.last().unwrap().0, "the edge that closes the circle leads back");
    }

    #[test]
    fn a_crossing_that_can_be_avoided_is_avoided() {
        let layout = lay_out(&[SIZE; 4], &[(0, 3), (1, 2)]);
        let above = layout.nodes[0].y < layout.nodes[1].y;
        assert_eq!(above, layout.nodes[3].y < layout.nodes[2].y);
    }

    #[test]
    fn many_of_a_kind_fill_several_columns() {
        let edges: Vec<_> = (1..=30).map(|node| (node, 0)).collect();
        let layout = lay_out(&[SIZE; 31], &edges);
        assert!(layout.height <= COLUMN as f64 * 52.0 * 3.0, "{}", layout.height);
        let columns: std::collections::BTreeSet<_> = layout.nodes.iter().map(|rect| rect.x as i64).collect();
        assert_eq!(columns.len(), 4);
    }

    #[test]
    fn the_same_graph_gives_the_same_picture() {
        let edges = scattered(60, 80);
        assert_eq!(lay_out(&[SIZE; 60], &edges), lay_out(&[SIZE; 60], &edges));
    }

    #[test]
    fn an_empty_graph_is_an_empty_picture() {
        assert_eq!(lay_out(&[], &[]), Layout::default());
    }
}
