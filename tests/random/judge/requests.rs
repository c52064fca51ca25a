//! Draws the requests of a program, and has the plain rendering answer them on the way.
use super::engine::Run;
use super::{Kind, Program, Request};
use crate::draw::numbers::Numbers;

/// How many requests a program gets, beside those that create its entities.
const REQUESTS: usize = 40;

/// The requests, and what they come to.
pub fn draw(program: &Program) -> (Vec<Request>, Run) {
    let mut numbers = Numbers(program.seed ^ 0x5eed);
    let mut plain = (program.plain)();
    let (mut requests, mut replies) = (Vec::new(), Vec::new());
    let mut wanted: Vec<_> = created(program, &mut numbers);
    wanted.extend((0..REQUESTS).map(|_| one(program, &mut numbers)));
    for mut request in wanted {
        // With less fuel a request makes fewer calls; with none it makes none.
        let reply = loop {
            if let Some(reply) = plain.request(&request) {
                break reply;
            }
            request.fuel -= 1;
        };
        requests.push(request);
        replies.push(reply);
    }
    (requests, Run { replies, state: plain.state(), events: plain.events })
}

/// What requests come to in another order; nothing when one of them makes too many calls there.
pub fn in_order(program: &Program, requests: &[Request], order: &[usize]) -> Option<Run> {
    let mut plain = (program.plain)();
    let mut replies = vec![String::new(); requests.len()];
    for number in order {
        replies[*number] = plain.request(&requests[*number])?;
    }
    Some(Run { replies, state: plain.state(), events: plain.events })
}

/// Most entities that have to be created are.
fn created(program: &Program, numbers: &mut Numbers) -> Vec<Request> {
    let mut requests = Vec::new();
    for (root, known) in program.roots.iter().enumerate() {
        for key in (0..program.keys).filter(|_| known.kind == Kind::Open) {
            if !numbers.once_in(16) {
                requests.push(Request { root, key, ..arguments(program, numbers) });
            }
        }
    }
    requests
}

fn one(program: &Program, numbers: &mut Numbers) -> Request {
    let kind = match numbers.below(32) {
        0 => Kind::Exists,
        1 if numbers.once_in(2) => Kind::Remove,
        2..=4 => Kind::Open,
        5..=6 => Kind::Leaf,
        _ => Kind::Calls,
    };
    let of_kind = |kind| (0..program.roots.len()).filter(|root| program.roots[*root].kind == kind).collect();
    let mut roots: Vec<usize> = of_kind(kind);
    if roots.is_empty() {
        roots = of_kind(Kind::Calls);
    }
    Request { root: roots[numbers.below(roots.len())], ..arguments(program, numbers) }
}

fn arguments(program: &Program, numbers: &mut Numbers) -> Request {
    let keys = usize::try_from(program.keys).expect("a few keys");
    let mut key = || numbers.below(keys) as u64;
    let (refs, mut list) = ([key(), key(), key()], vec![key(), key(), key()]);
    let key = key();
    list.truncate(numbers.below(4));
    let number = i64::try_from(numbers.below(40)).expect("a small number") - 5;
    let fuel = 1 + i64::try_from(numbers.below(5)).expect("a small number");
    Request { root: 0, key, fuel, number, refs, list }
}
