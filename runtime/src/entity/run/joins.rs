//! Joins: which parts may run side by side, and how they do.
use crate::base::error::Error;
use crate::base::guard::caught;
use crate::base::ids::MethodId;
use crate::base::location::Location;
use crate::entity::call::Call;
use crate::entity::run::invoke::{Invocation, Mode};
use crate::entity::traits::{Entity, Method};
use rustc_hash::FxHashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use thalweg_graph::Access;

/// A part of a join, for what it may meet.
pub struct Branch {
    method: MethodId,
    /// The entity and whether it is written, when the call touches nothing else.
    alone: Option<(u64, bool)>,
}

impl Invocation {
    /// What a call may meet as a part of a join.
    pub(crate) fn part<M: Method>(&self, call: &Call<M>) -> Option<Branch> {
        let Mode::Partitioned(worker) = &self.mode else { return None };
        // What is demanded is demanded once; two parts could wait for it.
        if worker.running.borrow().whole {
            return None;
        }
        let at = Location::of::<M::Entity>(&call.key, worker.peers);
        let write = M::ACCESS != Access::Read || M::Entity::AUTO;
        let alone = (!M::SUSPENDS).then_some((at.lock, write));
        // A class that is not part of the app is an error when it is called.
        Some(Branch { method: worker.methods.id::<M>().ok()?, alone })
    }

    /// Whether no two of these parts can meet on an entity that one of them writes.
    pub(crate) fn apart(&self, mut parts: Vec<Branch>) -> bool {
        let Mode::Partitioned(worker) = &self.mode else { return false };
        if parts.iter().all(|part| part.alone.is_some()) {
            parts.sort_unstable_by_key(|part| part.alone);
            let meet = |a: &Branch, b: &Branch| {
                a.alone.zip(b.alone).is_some_and(|(a, b)| a.0 == b.0 && (a.1 || b.1))
            };
            return !parts.windows(2).any(|pair| meet(&pair[0], &pair[1]));
        }
        let mut kinds: Vec<(MethodId, bool)> = parts.iter().map(|part| (part.method, false)).collect();
        kinds.sort_unstable();
        kinds.dedup_by(|a, b| {
            b.1 |= a.0 == b.0; // more than one of this kind
            a.0 == b.0
        });
        let meets = |(at, (a, twice)): (usize, &(MethodId, bool))| {
            (*twice && worker.methods.may_meet(*a, *a))
                || kinds[at + 1..].iter().any(|(b, _)| worker.methods.may_meet(*a, *b))
        };
        !kinds.iter().enumerate().any(meets)
    }

    /// Runs the parts of a join side by side. If some fail, the first of them in the order of the program is why.
    pub(crate) async fn side_by_side(&self, parts: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
        enum Part<'a> {
            Runs(Pin<Box<dyn Future<Output = ()> + 'a>>),
            Done,
            Failed(Option<Error>),
        }
        let Mode::Partitioned(worker) = &self.mode else { return };
        let mut parts: Vec<Part<'_>> = parts.into_iter().map(Part::Runs).collect();
        // Which part waits for which call, so that a return wakes that part alone.
        let mut waits: FxHashMap<u32, usize> = FxHashMap::default();
        let (mut begun, mut first) = (false, 0);
        poll_fn(|cx| {
            let woken = worker.delivered().and_then(|number| waits.remove(&number));
            let polled = match woken {
                Some(part) if begun => part..part + 1,
                _ => 0..parts.len(),
            };
            begun = true;
            for at in polled {
                let Part::Runs(future) = &mut parts[at] else { continue };
                let sent = worker.calls();
                let polled = caught(|| future.as_mut().poll(cx));
                waits.extend((sent + 1..=worker.calls()).map(|number| (number, at)));
                match (worker.take_doom(), polled) {
                    (Some(error), _) | (None, Err(error)) => parts[at] = Part::Failed(Some(error)),
                    (None, Ok(Poll::Ready(()))) => parts[at] = Part::Done,
                    (None, Ok(Poll::Pending)) => {}
                }
            }
            while matches!(parts.get(first), Some(Part::Done)) {
                first += 1;
            }
            match parts.get_mut(first) {
                None => Poll::Ready(()),
                Some(Part::Failed(error)) => {
                    error.take().into_iter().for_each(|error| worker.doom(error));
                    Poll::Pending
                }
                Some(_) => Poll::Pending,
            }
        })
        .await;
    }
}
